# %% array_dataset
data = gdata.ArrayDataset(nd.arange(6).reshape((3, 2)), nd.array([0, 1, 2]))
print(len(data), data[1])
print(type(data[1]).__name__, [part.shape for part in data[0]])

# %% array_dataset_one
data = gdata.ArrayDataset(nd.arange(6).reshape((3, 2)))
print(len(data), data[1])

# %% array_dataset_kinds
data = gdata.ArrayDataset(np.arange(6).reshape(3, 2), [10, 20, 30])
print(data[0], data[2][1])

# %% array_dataset_lengths
attempt(lambda: gdata.ArrayDataset(nd.ones(3), nd.ones(2)))
attempt(lambda: gdata.ArrayDataset())

# %% simple_dataset
data = gdata.SimpleDataset([3, 1, 2])
print(len(data), data[0], [x for x in data])
attempt(lambda: data[5])


# %% own_dataset
class Squares(gdata.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return index**2


print(list(gdata.DataLoader(Squares(), 2)))

# %% transform
data = gdata.SimpleDataset([1, 2, 3]).transform(lambda x: x * 10)
print(len(data), data[1], type(data).__name__)
data = gdata.SimpleDataset([1, 2, 3]).transform(lambda x: x * 10, lazy=False)
print(len(data), data[1], type(data).__name__)

# %% transform_first
data = gdata.ArrayDataset([1, 2], [3, 4]).transform_first(lambda x: x * 10)
print(data[0], data[1])
data = gdata.ArrayDataset([1, 2], [3, 4]).transform(lambda x, y: (x + y, y))
print(data[0], data[1])

# %% filter_take_shard
data = gdata.SimpleDataset(list(range(10)))
print(list(data.filter(lambda x: x % 2 == 0)[i] for i in range(3)))
print(len(data.take(4)), data.take(4)[3], len(data.take(20)), len(data.take(None)))
print([len(data.shard(3, i)) for i in range(3)], data.shard(3, 1)[0])
attempt(lambda: data.shard(3, 3))

# %% samplers
print(list(gdata.SequentialSampler(4)), len(gdata.SequentialSampler(4)))
np.random.seed(0)
print(list(gdata.RandomSampler(5)), len(gdata.RandomSampler(5)))

# %% sequential_sampler_start
print(list(gdata.SequentialSampler(4, 10)))

# %% batch_sampler
for last in ["keep", "discard", "rollover"]:
    sampler = gdata.BatchSampler(gdata.SequentialSampler(7), 3, last)
    print(last, len(sampler), list(sampler), list(sampler))
    print(len(sampler))

# %% batch_sampler_wrong
sampler = gdata.BatchSampler(gdata.SequentialSampler(7), 3, "foo")
attempt(lambda: list(sampler))
attempt(lambda: len(sampler))

# %% filter_sampler
data = gdata.SimpleDataset(list(range(6)))
print(list(gdata.FilterSampler(lambda x: x > 2, data)))

# %% loader
data = gdata.ArrayDataset(nd.arange(10).reshape((5, 2)), nd.arange(5))
loader = gdata.DataLoader(data, batch_size=2)
print(len(loader))
for x, y in loader:
    print(x, y)

# %% loader_types
data = gdata.ArrayDataset(nd.arange(4), nd.arange(4))
batch = next(iter(gdata.DataLoader(data, batch_size=2)))
print(type(batch).__name__, type(batch[0]).__name__, batch[0].dtype)

# %% loader_last_batch
data = gdata.SimpleDataset(list(range(7)))
for last in ["keep", "discard", "rollover"]:
    loader = gdata.DataLoader(data, batch_size=3, last_batch=last)
    print(last, len(loader), [b.asnumpy().tolist() for b in loader], [b.asnumpy().tolist() for b in loader])

# %% loader_shuffle
np.random.seed(3)
data = gdata.SimpleDataset(list(range(8)))
loader = gdata.DataLoader(data, batch_size=4, shuffle=True)
print([b.asnumpy().tolist() for b in loader])
print([b.asnumpy().tolist() for b in loader])

# %% loader_one_part
loader = gdata.DataLoader(nd.arange(6).reshape((3, 2)), batch_size=2)
for batch in loader:
    print(batch)

# %% loader_numpy
loader = gdata.DataLoader(np.arange(6).reshape(3, 2), batch_size=2)
for batch in loader:
    print(batch, batch.dtype)

# %% loader_numbers
for batch in gdata.DataLoader([1, 2, 3], batch_size=2):
    print(batch, batch.dtype)
for batch in gdata.DataLoader([1.5, 2.5], batch_size=2):
    print(batch, batch.dtype)

# %% loader_tuples
for batch in gdata.DataLoader([(1, 2.0), (3, 4.0)], batch_size=2):
    print(batch, [part.dtype for part in batch])


# %% loader_batchify
def stack(items):
    return nd.array(items) * 100


for batch in gdata.DataLoader([1, 2, 3], batch_size=2, batchify_fn=stack):
    print(batch)

# %% loader_default_batchify
print(gdata.dataloader.default_batchify_fn([nd.ones(2), nd.zeros(2)]))
print(gdata.dataloader.default_batchify_fn([(1, nd.ones(1)), (2, nd.zeros(1))]))

# %% loader_sampler
data = gdata.SimpleDataset(list(range(5)))
loader = gdata.DataLoader(data, batch_size=2, sampler=gdata.SequentialSampler(3))
print([b.asnumpy().tolist() for b in loader])
batches = gdata.BatchSampler(gdata.SequentialSampler(5), 3, "keep")
loader = gdata.DataLoader(data, batch_sampler=batches)
print([b.asnumpy().tolist() for b in loader])

# %% loader_errors
data = gdata.SimpleDataset(list(range(5)))
attempt(lambda: gdata.DataLoader(data))
attempt(lambda: gdata.DataLoader(data, batch_size=2, shuffle=True, sampler=gdata.SequentialSampler(3)))
batches = gdata.BatchSampler(gdata.SequentialSampler(5), 3, "keep")
attempt(lambda: gdata.DataLoader(data, batch_size=2, batch_sampler=batches))

# %% loader_ragged
loader = gdata.DataLoader([nd.ones(2), nd.ones(3)], batch_size=2)
try:
    list(loader)[0].asnumpy()
except mx.MXNetError:
    print("MXNetError")

# %% loader_transform
data = gdata.ArrayDataset(nd.arange(4), nd.arange(4)).transform_first(lambda x: x * 2)
for x, y in gdata.DataLoader(data, batch_size=2):
    print(x, y)

# %% loader_wraps_twice
loader = gdata.DataLoader(gdata.SimpleDataset(list(range(3))), 2)
for epoch in range(2):
    print([b.shape for b in loader])

# %% split_data
x = nd.arange(8).reshape((4, 2))
print(utils.split_data(x, 2))
print(utils.split_data(x, 2, batch_axis=1))
print(utils.split_data(x, 1))

# %% split_data_uneven
x = nd.arange(5)
attempt(lambda: utils.split_data(x, 2))
print(utils.split_data(x, 2, even_split=False))
attempt(lambda: utils.split_data(x, 6))

# %% split_and_load
x = nd.arange(4)
print(utils.split_and_load(x, [mx.cpu(0)]))
print(utils.split_and_load(np.arange(4), [mx.cpu(0)]))
print(utils.split_and_load([[1, 2], [3, 4]], [mx.cpu(0), mx.cpu(0)]))

# %% clip_global_norm
arrays = [nd.array([3, 0]), nd.array([[0], [4]])]
print(utils.clip_global_norm(arrays, 1.0))
print(arrays)

# %% clip_global_norm_small
arrays = [nd.array([0.3, 0.4])]
print(utils.clip_global_norm(arrays, 1.0), arrays)

# %% clip_global_norm_lazy
arrays = [nd.array([3, 4])]
norm = utils.clip_global_norm(arrays, 1.0, check_isfinite=False)
print(norm, arrays)

# %% clip_global_norm_nan
arrays = [nd.array([float("nan"), 4])]
print(utils.clip_global_norm(arrays, 1.0))

# %% clip_global_norm_gradients
net = nn.Dense(1, in_units=2)
net.initialize(init.One())
with autograd.record():
    y = net(nd.array([[3, 4]]))
y.backward()
print(utils.clip_global_norm([p.grad() for p in net.collect_params().values()], 1))
print(net.weight.grad(), net.bias.grad())

# %% check_sha1
with open("f", "w") as file:
    file.write("hello")
print(utils.check_sha1("f", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"), utils.check_sha1("f", "00"))

# %% training_with_loader
mx.random.seed(2)
np.random.seed(2)
x = nd.random.normal(shape=(20, 2))
y = nd.dot(x, nd.array([2, -3])) + 1
net = nn.Dense(1)
net.initialize(init.Normal(0.1))
trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
loss = gloss.L2Loss()
for epoch in range(3):
    for a, b in gdata.DataLoader(gdata.ArrayDataset(x, y), batch_size=5, shuffle=True):
        with autograd.record():
            l = loss(net(a), b)
        l.backward()
        trainer.step(5)
    print(loss(net(x), y).mean().asscalar())

# %% dataset_sample
data = gdata.SimpleDataset(list(range(10)))
print(len(data.sample(gdata.SequentialSampler(4))), data.sample(gdata.SequentialSampler(4))[2])
attempt(lambda: data.sample(3))


# %% own_sampler
class Backwards(gdata.Sampler):
    def __init__(self, length):
        self.length = length

    def __iter__(self):
        return iter(reversed(range(self.length)))

    def __len__(self):
        return self.length


data = gdata.SimpleDataset(list(range(5)))
print([b.asnumpy().tolist() for b in gdata.DataLoader(data, 2, sampler=Backwards(5))])

# %% loader_random_sampler_follows_numpy
np.random.seed(7)
print(list(gdata.RandomSampler(6)), list(gdata.RandomSampler(6)))
np.random.seed(7)
print(np.random.permutation(6).tolist())

# %% loader_thread_pool
data = gdata.ArrayDataset(nd.arange(6), nd.arange(6))
for x, y in gdata.DataLoader(data, batch_size=3, num_workers=2, thread_pool=True):
    print(x.asnumpy(), y.asnumpy())

# %% data_iter_by_hand
import random


def data_iter(batch_size, features, labels):
    num_examples = len(features)
    indices = list(range(num_examples))
    random.Random(0).shuffle(indices)
    for i in range(0, num_examples, batch_size):
        j = nd.array(indices[i : min(i + batch_size, num_examples)])
        yield features.take(j), labels.take(j)


for x, y in data_iter(3, nd.arange(10).reshape((5, 2)), nd.arange(5)):
    print(x, y)
