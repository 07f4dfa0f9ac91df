"""The table of types: what `comfy_api.latest.io` calls each, and what it is called on the wire."""

from __future__ import annotations

from nodes.comfy.v3 import dynamic, widgets
from nodes.comfy.v3.inputs import ComfyType, Input, Output, WidgetInput, new_type

SOCKETS = {
    "AnyType": "*",
    "Image": "IMAGE",
    "Mask": "MASK",
    "Latent": "LATENT",
    "Conditioning": "CONDITIONING",
    "Clip": "CLIP",
    "ControlNet": "CONTROL_NET",
    "Vae": "VAE",
    "Model": "MODEL",
    "ClipVision": "CLIP_VISION",
    "ClipVisionOutput": "CLIP_VISION_OUTPUT",
    "StyleModel": "STYLE_MODEL",
    "Gligen": "GLIGEN",
    "UpscaleModel": "UPSCALE_MODEL",
    "LatentUpscaleModel": "LATENT_UPSCALE_MODEL",
    "Sampler": "SAMPLER",
    "Sigmas": "SIGMAS",
    "Noise": "NOISE",
    "Guider": "GUIDER",
    "Audio": "AUDIO",
    "Video": "VIDEO",
    "SVG": "SVG",
    "LoraModel": "LORA_MODEL",
    "LossMap": "LOSS_MAP",
    "Voxel": "VOXEL",
    "Mesh": "MESH",
    "Hooks": "HOOKS",
    "HookKeyframes": "HOOK_KEYFRAMES",
    "TimestepsRange": "TIMESTEPS_RANGE",
    "LatentOperation": "LATENT_OPERATION",
    "FlowControl": "FLOW_CONTROL",
    "Accumulation": "ACCUMULATION",
    "Load3D": "LOAD_3D",
    "Load3DCamera": "LOAD3D_CAMERA",
    "Load3DAnimation": "LOAD_3D_ANIMATION",
    "Photomaker": "PHOTOMAKER",
    "Point": "POINT",
    "FaceAnalysis": "FACE_ANALYSIS",
    "BBOX": "BBOX",
    "SEGS": "SEGS",
    "WanCameraEmbedding": "WAN_CAMERA_EMBEDDING",
    "AudioEncoder": "AUDIO_ENCODER",
    "AudioEncoderOutput": "AUDIO_ENCODER_OUTPUT",
    "MODEL_PATCH": "MODEL_PATCH",
    "ModelPatch": "MODEL_PATCH",
    "Color": "COLOR",
    "Colors": "COLORS",
    "BoundingBox": "BOUNDING_BOX",
    "BoundingBoxes": "BOUNDING_BOXES",
    "Curve": "CURVE",
    "Range": "RANGE",
    "Histogram": "HISTOGRAM",
    "Dict": "DICT",
    "Array": "ARRAY",
    "Tracks": "TRACKS",
    "ImageCompare": "IMAGECOMPARE",
    "BackgroundRemoval": "BACKGROUND_REMOVAL",
}
"""Types that are only sockets."""

MATCH_TYPE = "COMFY_MATCHTYPE_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"

WIDGETS: dict[str, tuple[str, type[Input], type[Output]]] = {
    "Boolean": ("BOOLEAN", widgets.BooleanInput, Output),
    "Int": ("INT", widgets.NumberInput, Output),
    "Float": ("FLOAT", widgets.NumberInput, Output),
    "String": ("STRING", widgets.StringInput, Output),
    "Combo": ("COMBO", widgets.ComboInput, widgets.ComboOutput),
    "MultiCombo": ("COMBO", widgets.MultiComboInput, Output),
    "Webcam": ("WEBCAM", WidgetInput, Output),
    "MultiType": ("COMFY_MULTITYPED_V3", widgets.MultiTypeInput, Output),
}
"""Types whose inputs have options of their own."""


def types() -> dict[str, type[ComfyType]]:
    """Every type by its name in `io`."""
    made = {name: new_type(name, wire) for name, wire in SOCKETS.items()}
    made |= {name: new_type(name, *parts) for name, parts in WIDGETS.items()}
    made["MatchType"] = new_type(
        "MatchType",
        MATCH_TYPE,
        dynamic.MatchTypeInput,
        dynamic.MatchTypeOutput,
        Template=dynamic.MatchTemplate,
    )
    made["Autogrow"] = new_type(
        "Autogrow",
        AUTOGROW,
        dynamic.AutogrowInput,
        TemplatePrefix=dynamic.TemplatePrefix,
        TemplateNames=dynamic.TemplateNames,
    )
    made["AutogrowDynamic"] = made["Autogrow"]
    made["DynamicCombo"] = new_type(
        "DynamicCombo", "COMFY_DYNAMICCOMBO_V3", dynamic.DynamicComboInput, Option=dynamic.Option
    )
    return made
