"""Models as files: safetensors and JSON; reading one never runs code."""

from clearprop.model_file.file import load_model, save_model

__all__ = ["load_model", "save_model"]
