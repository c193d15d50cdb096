"""Parameters, tables and constants that are stored like weights, and are no linear map."""

import numpy as np
import pytest

import spectra
from spectra.models.roles import from_name
from tests.builders import f32

NOT_MAPS = {
    "backbone.layers.0.mixer.A_log": (64, 16),
    "m.A_log_b": (64, 16),
    "swin.blocks.0.attn.relative_position_bias_table": (169, 3),
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (32, 8),
    "vision_encoder.layers.0.attn.rel_pos_h": (27, 64),
    "encoder.layers.0.self_attn.pos_bias_u": (8, 64),
    "enc.attn.emb_rel_k": (1, 9, 48),
    "vit.pos_embed": (1, 197, 48),
    "vit.embeddings.position_embeddings": (1, 197, 48),
    "clip.positional_embedding": (77, 512),
    "backbone.pos_embed_window": (1, 96, 8, 8),
    "embeddings.mask_token": (1, 768),
    "patch_generator.cls_token.token": (10, 48),
    "text_embedding_padding": (333, 24),
    "gated_positional_embedding.embedding": (17, 48),
    "decoder.compressor.ape": (128, 8),
    "decoder.level_embed": (3, 256),
    "projector.latent_query": (64, 48),
    "layers.0.attn.rel_pos_emb.weight": (129, 8),
    "encoder.relative_attention_bias_layer.bias_values.weight": (2000, 6),
    "conformer.self_attn.bias_u": (6, 8),
    "vit.register_tokens": (1, 4, 48),
    "qformer.query_tokens": (1, 32, 48),
    "transformer_blocks.0.scale_shift_table": (6, 1152),
    "blocks.0.modulation": (1, 6, 48),
    "model.layers.1.self_attn.slope_rate": (64, 1, 1),
    "lightning.key_decay": (8, 16, 1),
    "decoder.block.0.snake1.alpha": (1, 1536, 1),
    "conv.glu.b1": (1, 1024, 1),
    "radio.norm_mean": (3, 1, 1),
    "attn.rotary_emb.cos_cached": (2048, 64),
    "rope.freqs_cis": (2048, 32, 2),
    "quantizer.layers.0.codebook.embed": (1024, 128),
    "quantize.embedding.weight": (512, 64),
    "quantizer.codevectors": (1, 640, 128),
    "vq.codebook": (512, 64),
    "optimizer.state.0.exp_avg": (48, 48),
    "fc.weight.exp_avg_sq": (48, 48),
    "fc.momentum_buffer": (48, 48),
    "blocks.0.att.time_faaaa": (12, 64),
    "blocks.0.att.time_maa_x": (4, 48),
    "blocks.0.attention.time_mix_key": (1, 1, 48),
    "bn.running_cov.running_var": (48, 48),
    "audio.mel_filters": (80, 201),
    "attn.causal_mask": (64, 64),
    "ibert.fc.weight_integer": (48, 48),
    "fc.weight": (1, 48),
    "score.weight": (48, 1),
    "x.anything": (1, 1, 48, 1),
}


@pytest.mark.parametrize(("name", "shape"), NOT_MAPS.items())
@pytest.mark.parametrize("prefix", ["", "model.", "a.very.long.path.of.modules.7."])
def test_they_are_left_out_with_their_kind(name, shape, prefix):
    (layer,) = spectra.layers({prefix + name: f32(*shape)})
    assert not layer.taken
    assert layer.tensor.role == "parameter"
    assert layer.reason.endswith("not a linear map")


MAPS = {
    "encoder.embed_positions.weight": (64, 48),
    "wpe.weight": (64, 48),
    "detr.class_embed.weight": (92, 48),
    "detr.query_position_embeddings.weight": (100, 48),
    "style.conv.modulation.weight": (48, 64),
    "attn.pos_proj.weight": (48, 48),
    "mask_decoder.fc.weight": (48, 32),
    "codebook_proj.weight": (48, 32),
    "time_embed.0.weight": (48, 32),
    "cos.fc.weight": (8, 4),
    "A": (8, 4),
    "text_projection": (48, 32),
    "experts.0.w1.weight": (8, 4),
    "x.lora_A.weight": (1, 48),
    "conv_last.weight": (1, 48, 3, 3),
    "encoder.conv1.weight": (48, 1, 127),
    "attention.conv.weight": (6, 1, 65, 1),
    "with_expert.patch_embedding.weight": (48, 3, 8, 8),
    "a.gamma_proj.weight": (8, 4),
    "windowed.weight": (8, 4),
    "blocks.0.att.time_maa_w1": (48, 160),
    "extract.weight": (8, 4),
    "enc/attn/query": (8, 4),
    "att.w_query": (8, 4),
    "vqa_model.text.embed.weight": (8, 4),
    "mtl_optimizer_net.fc.weight": (8, 4),
    "pos_emb_proj": (8, 4),
    "flora_block.fc.weight": (8, 4),
}


@pytest.mark.parametrize(("name", "shape"), MAPS.items())
def test_maps_of_similar_names_are_taken(name, shape):
    assert from_name(name, shape) != "parameter"
    (layer,) = spectra.layers({name: f32(*shape)})
    assert layer.taken


def test_a_parameter_of_a_module_with_kernel_axes_is_no_kernel_by_its_shape():
    shape = (12, 8, 3, 3)
    assert not spectra.layers({"module.thing": f32(*shape)})[0].taken
    assert spectra.layers({"module.conv.thing": f32(*shape)})[0].taken
    assert spectra.layers({"module.weight": f32(*shape)})[0].taken
    assert spectra.layers({"thing": f32(*shape)})[0].taken


def test_a_matrix_known_by_its_shape_only_says_so():
    notes = {n: t.note for n, t in spectra.from_arrays({
        "a.weight": f32(4, 3), "b.thing": f32(4, 3), "c": f32(4, 3), "text_projection": f32(4, 3),
        "k.thing.weight": f32(4, 3, 2, 2),
    }).items()}  # fmt: skip
    only = "by its shape only"
    assert notes == {
        "a.weight": "", "b.thing": only, "c": only, "text_projection": "", "k.thing.weight": "",
    }  # fmt: skip


def test_a_role_that_is_given_overrules_the_name():
    tensor = spectra.models.arrays.from_array("A_log", np.ones((8, 4)), role="dense")
    assert spectra.layers({"A_log": tensor})[0].taken
