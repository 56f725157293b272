"""What MXNet has and glueball has not: an error that says so and names the way that torch has."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["say_missing"]

_WAYS = {
    "RNN": "torch.nn.RNN, torch.nn.LSTM or torch.nn.GRU",
    "Custom": "mx.autograd.Function, or torch.autograd.Function",
    "Correlation": "torch.nn.functional.unfold and a product",
    "ROIPooling": "torchvision.ops.roi_pool",
    "ROIAlign": "torchvision.ops.roi_align",
    "PSROIPooling": "torchvision.ops.ps_roi_pool",
    "DeformableConvolution": "torchvision.ops.deform_conv2d",
    "ModulatedDeformableConvolution": "torchvision.ops.deform_conv2d with its mask",
    "box_nms": "torchvision.ops.nms",
    "box_non_maximum_suppression": "torchvision.ops.nms",
    "SyncBatchNorm": "torch.nn.SyncBatchNorm",
    "BatchNorm_v1": "nd.BatchNorm",
    "SparseEmbedding": "torch.nn.Embedding with sparse=True",
    "sparse_retain": "torch.Tensor.to_sparse",
    "imdecode": "torchvision.io.decode_image",
    "resize": "torch.nn.functional.interpolate",
    "fft": "torch.fft.fft",
    "ifft": "torch.fft.ifft",
    "rand_zipfian": "torch.multinomial",
    "np": "torch, or NumPy",
    "npx": "torch, or NumPy",
    "CachedOp": "torch.compile",
}
_FAMILIES = {
    "random_pdf_": "torch.distributions and its log_prob",
    "quantize": "torch.ao.quantization",
    "dequantize": "torch.ao.quantization",
    "requantize": "torch.ao.quantization",
    "multi_": "the operator for one array, in a loop, or torch.optim with foreach=True",
    "preloaded_multi_": "the operator for one array, in a loop, or torch.optim with foreach=True",
    "mp_": "torch.amp with torch.optim",
    "random_": "torchvision.transforms",
    "dgl_": "a library for graphs on torch",
    "MultiBox": "torchvision.models.detection",
    "Proposal": "torchvision.models.detection",
    "MultiProposal": "torchvision.models.detection",
}


def say_missing(module: str, name: str) -> NoReturn:
    """Refuse an attribute that a module has not.

    Raises:
        AttributeError: as Python's own; for what real MXNet has, it says what to take instead.
    """
    way = _WAYS.get(name)
    if way is None:
        way = next((way for family, way in _FAMILIES.items() if name.startswith(family)), None)
    if way is None:
        raise AttributeError(f"module '{module}' has no attribute '{name}'")
    short = module.replace("mxnet.ndarray", "nd", 1)
    raise AttributeError(
        f"module '{module}' has no attribute '{name}': glueball does not have MXNet's {short}.{name}; "
        f"take {way} (nd.from_torch and as_torch() go between the two without a copy)"
    )
