def shown(loss, pred, *rest, **options):
    """Print a loss, its values, and its gradient with respect to the prediction."""
    pred.attach_grad()
    with autograd.record():
        value = loss(pred, *rest, **options)
    value.backward()
    print(loss, value, pred.grad)


pred = nd.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
label = nd.array([[1.0, -0.5, 1.0], [0.0, 0.3, 1.0]])
weight = nd.array([[2.0], [0.5]])

# %% l2
shown(gloss.L2Loss(), pred, label)
shown(gloss.L2Loss(weight=3), pred, label, weight)
shown(gloss.L2Loss(batch_axis=1), pred, label)

# %% l2_reshapes_label
shown(gloss.L2Loss(), nd.array([[1.0], [2.0]]), nd.array([0.0, 4.0]))
shown(gloss.L2Loss(), nd.array([1.0, 2.0]), nd.array([0.0, 4.0]))

# %% l2_weight_per_element
shown(gloss.L2Loss(), pred, label, nd.array([[1, 0, 1], [0, 1, 0]]))

# %% l1
shown(gloss.L1Loss(), pred, label)
shown(gloss.L1Loss(weight=0.5, batch_axis=1), pred, label)
shown(gloss.L1Loss(), pred, label, weight)

# %% sigmoid_bce
binary = nd.array([[1, 0, 1], [0, 0, 1]])
shown(gloss.SigmoidBinaryCrossEntropyLoss(), pred, binary)
shown(gloss.SigmoidBCELoss(weight=2), pred, binary, weight)

# %% sigmoid_bce_from_sigmoid
binary = nd.array([[1, 0, 1], [0, 0, 1]])
shown(gloss.SigmoidBCELoss(from_sigmoid=True), nd.sigmoid(pred), binary)

# %% sigmoid_bce_pos_weight
binary = nd.array([[1, 0, 1], [0, 0, 1]])
shown(gloss.SigmoidBCELoss(), pred, binary, None, nd.array([[2.0, 1.0, 0.5]]))
shown(gloss.SigmoidBCELoss(from_sigmoid=True), nd.sigmoid(pred), binary, None, nd.array([[2.0, 1.0, 0.5]]))

# %% sigmoid_bce_large
binary = nd.array([[1, 0], [0, 1]])
shown(gloss.SigmoidBCELoss(), nd.array([[100.0, -100.0], [100.0, -100.0]]), binary)

# %% softmax_ce
shown(gloss.SoftmaxCrossEntropyLoss(), pred, nd.array([2, 0]))
shown(gloss.SoftmaxCELoss(weight=2), pred, nd.array([1, 1]), weight)

# %% softmax_ce_dense_label
probabilities = nd.array([[0.2, 0.3, 0.5], [0, 1, 0]])
shown(gloss.SoftmaxCELoss(sparse_label=False), pred, probabilities)
shown(gloss.SoftmaxCELoss(sparse_label=False, from_logits=True), nd.log_softmax(pred), probabilities)

# %% softmax_ce_axis
shown(gloss.SoftmaxCELoss(axis=0, batch_axis=1), pred, nd.array([1, 0, 1]))
x = nd.arange(12).reshape((2, 3, 2)) / 5
shown(gloss.SoftmaxCELoss(axis=1), x, nd.array([[0, 2], [1, 1]]))

# %% softmax_ce_from_logits
shown(gloss.SoftmaxCELoss(from_logits=True), nd.log_softmax(pred), nd.array([2, 0]))

# %% softmax_ce_int_label
shown(gloss.SoftmaxCELoss(), pred, nd.array([2, 0], dtype="int32"))
shown(gloss.SoftmaxCELoss(), pred, nd.array([[2], [0]]))

# %% softmax_ce_large
shown(gloss.SoftmaxCELoss(), nd.array([[1000.0, 0.0], [-1000.0, 0.0]]), nd.array([1, 0]))

# %% kl_div
probabilities = nd.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
shown(gloss.KLDivLoss(), nd.log_softmax(pred), probabilities)
shown(gloss.KLDivLoss(from_logits=False), pred, probabilities, weight)
shown(gloss.KLDivLoss(from_logits=False, axis=0, weight=2, batch_axis=1), pred, probabilities)

# %% huber
shown(gloss.HuberLoss(), pred, label)
shown(gloss.HuberLoss(rho=0.3, weight=2), pred, label, weight)

# %% hinge
sign = nd.array([[1, -1, 1], [-1, -1, 1]])
shown(gloss.HingeLoss(), pred, sign)
shown(gloss.HingeLoss(margin=2, weight=0.5), pred, sign, weight)

# %% squared_hinge
sign = nd.array([[1, -1, 1], [-1, -1, 1]])
shown(gloss.SquaredHingeLoss(), pred, sign)
shown(gloss.SquaredHingeLoss(margin=2), pred, sign, weight)

# %% logistic
shown(gloss.LogisticLoss(), pred, nd.array([[1, -1, 1], [-1, -1, 1]]))
shown(gloss.LogisticLoss(label_format="binary"), pred, nd.array([[1, 0, 1], [0, 0, 1]]), weight)
attempt(lambda: gloss.LogisticLoss(label_format="foo"))

# %% triplet
other = nd.array([[0.1, 0.2, 0.3], [-1, 1, 2]])
shown(gloss.TripletLoss(), pred, label, other)
shown(gloss.TripletLoss(margin=10, weight=2), pred, label, other)

# %% poisson
counts = nd.array([[1, 0, 3], [2, 0, 1]])
shown(gloss.PoissonNLLLoss(), pred, counts)
shown(gloss.PoissonNLLLoss(from_logits=False), nd.exp(pred), counts)
print(gloss.PoissonNLLLoss(compute_full=True, weight=2)(pred, counts, weight))

# %% cosine_embedding
shown(gloss.CosineEmbeddingLoss(), pred, label, nd.array([1, -1]))
shown(gloss.CosineEmbeddingLoss(margin=-0.5, weight=2), pred, label, nd.array([-1, -1]), weight)

# %% ctc
x = nd.random.normal(shape=(2, 5, 4))
loss = gloss.CTCLoss()
print(loss, loss(x, nd.array([[1, 2], [0, -1]])))
loss = gloss.CTCLoss(layout="TNC")
print(loss(x.swapaxes(0, 1), nd.array([[1, 2], [0, -1]])))

# %% sdml
x, y = nd.random.normal(shape=(3, 4)), nd.random.normal(shape=(3, 4))
loss = gloss.SDMLLoss()
print(loss, loss(x, y))

# %% reprs
print(gloss.L2Loss(), gloss.L1Loss(weight=2), gloss.SoftmaxCrossEntropyLoss(axis=1, batch_axis=1))
print(gloss.HuberLoss(), gloss.TripletLoss(), gloss.SoftmaxCELoss())
print(gloss.L2Loss(weight=None), gloss.L2Loss(weight=0.25, batch_axis=2))

# %% aliases
print(gloss.SoftmaxCELoss is gloss.SoftmaxCrossEntropyLoss)
print(gloss.SigmoidBCELoss is gloss.SigmoidBinaryCrossEntropyLoss)

# %% wrong_shapes
attempt(lambda: gloss.L2Loss()(nd.ones((2, 3)), nd.ones((2, 4))))
attempt(lambda: gloss.SoftmaxCELoss(sparse_label=False)(nd.ones((2, 3)), nd.ones((2, 4))))

# %% scalar_label
shown(gloss.L2Loss(), nd.array([3.0]), nd.array([1.0]))


# %% own_loss
class Absolute(gloss.Loss):
    def __init__(self, weight=1.0, batch_axis=0, **kwargs):
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F, pred, label):
        return F.mean(F.abs(pred - label), axis=self._batch_axis, exclude=True) * self._weight


shown(Absolute(2), pred, label)

# %% hybridized
loss = gloss.SoftmaxCELoss()
loss.hybridize()
shown(loss, pred, nd.array([2, 0]))

# %% mean_of_losses
loss = gloss.SoftmaxCELoss()
print(loss(pred, nd.array([2, 0])).mean().asscalar(), loss(pred, nd.array([2, 0])).shape)

# %% softmax_cross_entropy_op
print(nd.softmax_cross_entropy(pred, nd.array([2, 0])))
print(nd.smooth_l1(pred, scalar=1.0), nd.log_softmax(pred), nd.softmax(pred, axis=0))

# %% labels_of_another_count
for count in (5, 12):
    attempt(lambda: gloss.L2Loss()(nd.ones((2, 3)), nd.ones(count)))
    attempt(lambda: gloss.SigmoidBCELoss()(nd.ones((2, 3)), nd.ones(count)))
