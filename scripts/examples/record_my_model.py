#!/usr/bin/env python3
"""How to record golden tensors from your own model, to hold Assay's backends against it.

    python scripts/examples/record_my_model.py my_golden && assay verify --golden my_golden

The "own model" here is Conditional DETR, Grounding DINO and MaskFormer's Swin, as transformers has them. A case is one
safetensors file, FOLDER/<operator>/<case>.safetensors: the inputs as `in.*`, what your model made of them as `out.*`,
and, if you can evaluate it in float64 too, that as `out64.*`. Names, shapes and parameters are the operator's.
A mask is True where there is padding; transformers has it the other way round.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace as Config

import torch
import transformers
from safetensors.torch import save_file
from torch.nn.utils.rnn import pad_sequence
from transformers.models.conditional_detr.modeling_conditional_detr import ConditionalDetrSinePositionEmbedding
from transformers.models.grounding_dino.modeling_grounding_dino import GroundingDinoSinePositionEmbedding
from transformers.models.maskformer.modeling_maskformer_swin import MaskFormerSwinLayer, MaskFormerSwinSelfAttention

SIZES = [(37, 52), (50, 33), (41, 41)]  # height and width of three images, padded to 50×52


def save(operator: str, case: str, params: dict, source: str, tensors: dict[str, torch.Tensor]) -> None:
    """Writes one case below the folder of the command line; params left out have the operator's defaults."""
    source = f"transformers {transformers.__version__} {source}; torch {torch.__version__}; inputs: torch seed 0"
    metadata = {"assay.format": "1", "operator": operator, "case": case, "params": json.dumps(params), "source": source}
    path = Path(sys.argv[1]) / operator / f"{case}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)


def record_detr() -> None:
    """From images of unequal sizes to the position encoding of their feature maps."""
    rows, columns = (pad_sequence([torch.ones(s[i]) for s in SIZES], batch_first=True).bool() for i in (0, 1))
    mask = ~(rows[:, :, None] & columns[:, None, :])  # [3, 50, 52]
    save("padding_mask", "my_sizes", {}, "pad_sequence", {"in.sizes": torch.tensor(SIZES), "out.mask": mask})
    images = [torch.randn(3, h, w) for h, w in SIZES]
    padded = torch.stack([torch.nn.functional.pad(i, (0, 52 - i.shape[2], 0, 50 - i.shape[1])) for i in images])
    tensors = {f"in.images.{i}": image for i, image in enumerate(images)} | {"out.tensors": padded, "out.mask": mask}
    save("nested_tensor", "my_images", {}, "torch.nn.functional.pad", tensors)
    small = torch.nn.Upsample(size=(7, 9))(mask[None].float())[0].bool()  # nearest is Upsample's default
    tensors = {"in.mask": mask, "out.mask": small}
    save("mask_downsample", "to_7x9", {"out_height": 7, "out_width": 9}, "torch.nn.Upsample", tensors)

    for case, normalize in (("conditional_detr", True), ("conditional_detr_unnormalized", False)):
        sine = ConditionalDetrSinePositionEmbedding(32, normalize=normalize)
        # This module computes in the dtype it is asked for, so it can be its own float64 witness.
        shape = torch.Size((3, 0, 7, 9))
        out, out64 = (sine(shape, small.device, dtype, mask=~small) for dtype in (torch.float32, torch.float64))
        tensors = {"in.mask": small, "out.encoding": out, "out64.encoding": out64}
        params = {"num_pos_feats": 32, "normalize": normalize}
        save("sine_position_encoding", case, params, "ConditionalDetrSinePositionEmbedding", tensors)
    # Grounding DINO computes in float32 only: no out64 then, and the verdict says `witness: f32`.
    dino = GroundingDinoSinePositionEmbedding(Config(d_model=64, positional_embedding_temperature=20))
    tensors = {"in.mask": small, "out.encoding": dino(small, ~small)}
    params = {"num_pos_feats": 32, "normalize": True, "temperature_h": 20, "temperature_w": 20}
    save("sine_position_encoding", "grounding_dino", params, "GroundingDinoSinePositionEmbedding", tensors)


def record_swin() -> None:
    """The window attention of a Swin block: index, bias, and the probabilities without and with a shift."""
    config = Config(qkv_bias=True, attention_probs_dropout_prob=0.0)
    attention = MaskFormerSwinSelfAttention(config, dim=24, num_heads=3, window_size=(4, 4)).eval()
    table = attention.relative_position_bias_table.normal_()  # [7·7, 3]
    index = attention.relative_position_index  # [16, 16]
    bias = table[index].permute(2, 0, 1)  # [3, 16, 16]
    params, source = {"window_h": 4, "window_w": 4}, "MaskFormerSwinSelfAttention"
    save("relative_position_index", "maskformer_swin", params, source, {"out.index": index})
    save("relative_position_bias", "maskformer_swin", params, source, {"in.table": table, "out.bias": bias})
    hidden = 3 * torch.randn(2 * 6, 16, 24)  # two images of 2×3 windows of 16 tokens
    q, k = (f(hidden).view(12, 16, 3, 8).transpose(1, 2) for f in (attention.query, attention.key))
    scores = q @ k.transpose(-1, -2) / 8**0.5  # [12, 3, 16, 16], what the operator starts from
    shifted = MaskFormerSwinLayer.get_attn_mask(Config(shift_size=2, window_size=4), (8, 12))  # [6, 16, 16]
    for case, mask in (("maskformer_swin", None), ("maskformer_swin_shifted", shifted)):
        probs = attention(hidden, mask, output_attentions=True)[1]
        tensors = {"in.scores": scores, "in.bias": bias, "out.probs": probs}
        save("window_softmax", case, {}, source, tensors if mask is None else tensors | {"in.mask": mask})


if __name__ == "__main__":
    assert len(sys.argv) == 2, "give the folder to record into"
    torch.manual_seed(0)
    with torch.no_grad():
        record_detr()
        record_swin()
