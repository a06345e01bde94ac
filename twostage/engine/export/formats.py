"""Writers of files, each with a reader that answers windows by the file alone."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from twostage.engine.export.trained import Exported, Trained
from twostage.errors import OutputError
from twostage.models.network import ENCODER_PREFIXES

Form = Literal["safetensors", "onnx", "torchscript"]
Answer = Callable[..., Sequence[Tensor]]
_ONNX = ("onnx", "onnxruntime", "onnxscript")
_ONNX_OPSET = 18


def write_safetensors(model: Trained, path: Path) -> Answer:
    """The weights, by the names that they have in a checkpoint."""
    state = model.module.network.state_dict()
    kept = ENCODER_PREFIXES if model.module.part == "encoder" else ("",)
    tensors = {name: tensor.contiguous() for name, tensor in state.items() if name.startswith(kept)}
    save_file(tensors, path, metadata={"format": "twostage-export/1", "contract": json.dumps(model.contract)})

    def answer(*inputs: Tensor) -> Sequence[Tensor]:
        fresh: Exported = deepcopy(model.module)
        for parameter in fresh.parameters():
            torch.nn.init.zeros_(parameter)
        fresh.network.load_state_dict(fresh.network.state_dict() | load_file(path))
        return _tensors(fresh(*inputs))

    return answer


def write_torchscript(model: Trained, path: Path) -> Answer:
    """The network as TorchScript, traced; a choice that depends on values would be frozen, and the check finds that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, on shapes that are fixed by the contract
        jit: Any = torch.jit  # untyped
        traced = jit.trace(model.module, model.inputs, check_trace=False)
        jit.save(traced, path, _extra_files={"contract.json": json.dumps(model.contract)})

    def answer(*inputs: Tensor) -> Sequence[Tensor]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is an old format, and asked for
            return _tensors(jit.load(path)(*inputs))

    return answer


def write_onnx(model: Trained, path: Path) -> Answer:
    """The network as ONNX, for any number of windows. Raises OutputError where ONNX lacks a part of it."""
    if missing := [name for name in _ONNX if find_spec(name) is None]:
        raise OutputError(f"onnx needs {', '.join(missing)}: pip install 'twostage[export]'")
    import onnxruntime  # noqa: PLC0415 - an extra that only this needs

    try:
        with _quiet():
            program: Any = torch.onnx.export(
                model.module,
                model.inputs,
                dynamo=True,
                verbose=False,
                opset_version=_ONNX_OPSET,
                input_names=model.input_names,
                output_names=list(model.outputs),
                dynamic_shapes=(tuple({0: torch.export.Dim.DYNAMIC} for _ in model.inputs),),
            )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0][:120]
        raise OutputError(
            f"a part of the network has no counterpart in ONNX ({cause}); write torchscript or safetensors"
        ) from error
    program.model.metadata_props.update({"contract": json.dumps(model.contract)})
    program.save(path)

    def answer(*inputs: Tensor) -> Sequence[Tensor]:
        session = onnxruntime.InferenceSession(path.read_bytes())
        asked = dict(zip(model.input_names, inputs, strict=True))
        feed = {each.name: asked[each.name].numpy() for each in session.get_inputs()}
        return [torch.from_numpy(each) for each in session.run(list(model.outputs), feed)]

    return answer


WRITERS: dict[Form, Callable[[Trained, Path], Answer]] = {
    "safetensors": write_safetensors,
    "onnx": write_onnx,
    "torchscript": write_torchscript,
}


def _tensors(answer: Any) -> Sequence[Tensor]:
    return answer if isinstance(answer, tuple | list) else [answer]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of packages that are not asked for."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
