"""Small configurations of the families of models that people start from, by transformers' name."""

from __future__ import annotations

from typing import Any

TOKENS, WINDOW = 64, 8
_SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_ENCODER: dict[str, Any] = {
    "vocab_size": TOKENS, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "max_position_embeddings": 64, **_SPECIAL}
_DECODER = {**_ENCODER, "num_key_value_heads": 2}
_HEADS = {**_DECODER, "head_dim": 8}
_WINDOWS = {"sliding_window": WINDOW, "num_hidden_layers": 6}
_GPT = {"vocab_size": TOKENS, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 1,
        "eos_token_id": 2}
_LATENT = {**_DECODER, "num_key_value_heads": 4, "q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4,
           "qk_nope_head_dim": 8, "v_head_dim": 8, "head_dim": 4, "first_k_dense_replace": 1,
           "moe_intermediate_size": 16}
_ROUTED = {**_LATENT, "n_routed_experts": 2, "num_experts_per_tok": 1, "n_group": 1, "topk_group": 1,
           "n_shared_experts": 1}
_EXPERTS = {**_DECODER, "num_experts": 2, "num_local_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
_LINEAR = {**_HEADS, "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8,
           "linear_value_head_dim": 8, "num_hidden_layers": 4}
_STATES = {"mamba_chunk_size": 16, "mamba_d_state": 8, "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1}
_MAMBA = {"vocab_size": TOKENS, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8, **_SPECIAL}
# transformers' name of the family -> the changes of its default configuration.
MASKED: dict[str, dict[str, Any]] = {
    "bert": _ENCODER, "roberta": _ENCODER, "xlm-roberta": _ENCODER, "camembert": _ENCODER, "xlm-roberta-xl": _ENCODER,
    "electra": {**_ENCODER, "embedding_size": 16}, "albert": {**_ENCODER, "embedding_size": 16}, "mpnet": _ENCODER,
    "distilbert": {"vocab_size": TOKENS, "dim": 32, "hidden_dim": 48, "n_layers": 3, "n_heads": 4,
                   "max_position_embeddings": 64, "pad_token_id": 0},
    "deberta-v2": {**_ENCODER, "relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"],
                   "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False},
    "modernbert": {**_ENCODER, "local_attention": WINDOW, "cls_token_id": 1, "sep_token_id": 2},
    "eurobert": _DECODER, "nomic_bert": _ENCODER, "megatron-bert": _ENCODER, "roformer": _ENCODER,
    "rembert": {**_ENCODER, "input_embedding_size": 16, "output_embedding_size": 20},
    "convbert": {**_ENCODER, "embedding_size": 32}, "ernie": _ENCODER, "data2vec-text": _ENCODER, "gte": _ENCODER,
    "jina_embeddings_v3": _ENCODER, "roberta-prelayernorm": _ENCODER, "big_bird": _ENCODER,
    "nystromformer": _ENCODER}
CAUSAL: dict[str, dict[str, Any]] = {
    "llama": _DECODER, "mistral": {**_DECODER, **_WINDOWS}, "mixtral": {**_DECODER, "num_local_experts": 2},
    "qwen2": _DECODER, "qwen3": _HEADS, "smollm3": _DECODER, "olmo2": _DECODER, "olmo3": {**_DECODER, **_WINDOWS},
    "phi": _DECODER, "phi3": _DECODER, "gemma": _HEADS, "gemma2": {**_HEADS, **_WINDOWS},
    "gemma3_text": {**_HEADS, **_WINDOWS, "query_pre_attn_scalar": 8},
    "gemma4_text": {**_HEADS, **_WINDOWS, "vocab_size_per_layer_input": TOKENS},
    "granite": _DECODER, "cohere": _DECODER, "cohere2": {**_DECODER, **_WINDOWS}, "gpt2": _GPT, "gpt_neox": _ENCODER,
    "gptj": {**_GPT, "rotary_dim": 4},
    "gpt_oss": {**_HEADS, **_WINDOWS, "num_local_experts": 2, "num_experts_per_tok": 1},
    "xglm": {"vocab_size": TOKENS, "d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 48,
             "max_position_embeddings": 64, **_SPECIAL},
    "opt": {**_ENCODER, "ffn_dim": 48, "word_embed_proj_dim": 32}, "falcon": _ENCODER, "stablelm": _DECODER,
    "bloom": {"vocab_size": TOKENS, "hidden_size": 32, "n_layer": 2, "n_head": 4, **_SPECIAL}, "apertus": _DECODER,
    "starcoder2": {**_DECODER, **_WINDOWS}, "exaone4": {**_DECODER, **_WINDOWS}, "ernie4_5": _DECODER,
    "modernbert-decoder": {**_ENCODER, "local_attention": WINDOW, "num_hidden_layers": 6},
    "qwen3_5_text": _LINEAR, "qwen3_next": {**_LINEAR, **_EXPERTS, "num_hidden_layers": 4, "head_dim": 8,
                                            "shared_expert_intermediate_size": 16},
    "lfm2": {**_DECODER, "full_attn_idxs": [1], "block_ff_dim": 32}, "mamba": _MAMBA,
    "mamba2": {**_MAMBA, "num_heads": 8, "head_dim": 8, "n_groups": 1},
    "jamba": {**_DECODER, "attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 1, "num_experts_per_tok": 1,
              "use_mamba_kernels": False, "mamba_d_state": 8, "mamba_dt_rank": 4},
    "gpt_neo": {"vocab_size": TOKENS, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "intermediate_size": 48,
                "max_position_embeddings": 64, "attention_types": [[["global", "local"], 1]], "window_size": WINDOW,
                "bos_token_id": 1, "eos_token_id": 2},
    "gpt_bigcode": _GPT, "codegen": {**_GPT, "rotary_dim": 4}, "biogpt": _ENCODER,
    "mpt": {"vocab_size": TOKENS, "d_model": 32, "n_heads": 4, "n_layers": 2, "expansion_ratio": 2, **_SPECIAL},
    "olmo": _DECODER, "olmoe": _EXPERTS, "arcee": _DECODER, "helium": _HEADS, "seed_oss": _HEADS, "nemotron": _DECODER,
    "glm": _HEADS, "glm4": _HEADS, "hunyuan_v1_dense": _HEADS, "internlm3": _HEADS, "ministral": {**_HEADS, **_WINDOWS},
    "ministral3": {**_HEADS, **_WINDOWS}, "phimoe": {**_EXPERTS, "sliding_window": WINDOW},
    "qwen2_moe": {**_EXPERTS, "shared_expert_intermediate_size": 16}, "qwen3_moe": {**_EXPERTS, "head_dim": 8},
    "granitemoe": _EXPERTS, "llama4_text": {**_HEADS, "num_local_experts": 2, "num_experts_per_tok": 1,
                                            "intermediate_size_mlp": 48, "num_hidden_layers": 4},
    "deepseek_v2": _ROUTED, "deepseek_v3": _ROUTED, "glm4_moe_lite": _ROUTED, "minicpm3": _LATENT,
    "gemma3n_text": {**_HEADS, "num_hidden_layers": 4, "num_kv_shared_layers": 0, "sliding_window": WINDOW,
                     "layer_types": ["sliding_attention", "full_attention"] * 2, "intermediate_size": [48] * 4,
                     "activation_sparsity_pattern": [0.0] * 4, "laurel_rank": 8, "vocab_size_per_layer_input": TOKENS,
                     "hidden_size_per_layer_input": 8},
    "recurrent_gemma": {**_HEADS, "num_hidden_layers": 3, "lru_width": 32, "attention_window_size": WINDOW},
    "bamba": {**_DECODER, **_STATES, "num_hidden_layers": 4, "attn_layer_indices": [1, 3]},
    "granitemoehybrid": {**_EXPERTS, **_STATES, "num_hidden_layers": 4, "shared_intermediate_size": 48,
                         "layer_types": ["mamba", "attention"] * 2},
    "falcon_h1": {**_HEADS, **_STATES, "mamba_d_ssm": 64},
    "nemotron_h": {**_HEADS, "mamba_num_heads": 8, "mamba_head_dim": 8, "n_groups": 1, "ssm_state_size": 8,
                   "chunk_size": 16},
    "falcon_mamba": _MAMBA, "rwkv": {"vocab_size": TOKENS, "hidden_size": 32, "num_hidden_layers": 2, **_SPECIAL}}
FAMILIES = {**dict.fromkeys(MASKED, "masked"), **dict.fromkeys(CAUSAL, "causal")}
