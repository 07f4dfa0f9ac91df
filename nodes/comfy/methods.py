"""What packs call of the built-in nodes: the method of each class, and the order of its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_NODES: Mapping[str, str] = {
    # models
    "load_checkpoint": "CheckpointLoaderSimple DiffusersLoader unCLIPCheckpointLoader",
    "load_unet": "UNETLoader",
    "load_clip": "CLIPLoader DualCLIPLoader TripleCLIPLoader CLIPVisionLoader",
    "load_vae": "VAELoader",
    "load_lora": "LoraLoader",
    "load_lora_model_only": "LoraLoaderModelOnly",
    "load_hypernetwork": "HypernetworkLoader",
    "load_controlnet": "ControlNetLoader DiffControlNetLoader",
    "load_style_model": "StyleModelLoader",
    "load_gligen": "GLIGENLoader",
    "load_model": "UpscaleModelLoader",
    "merge": "ModelMergeSimple ModelMergeAdd ModelMergeSubtract ModelMergeBlocks "
    "CLIPMergeSimple CLIPMergeAdd CLIPMergeSubtract",
    "patch": "ModelSamplingDiscrete ModelSamplingContinuousEDM ModelSamplingContinuousV ModelSamplingSD3 "
    "ModelSamplingFlux RescaleCFG FreeU FreeU_V2 HyperTile TomePatchModel "
    "PerturbedAttentionGuidance SelfAttentionGuidance LatentApplyOperationCFG",
    "patch_aura": "ModelSamplingAuraFlow",
    "apply": "DifferentialDiffusion",
    # conditioning
    "encode": "CLIPTextEncode CLIPTextEncodeSDXL CLIPTextEncodeSDXLRefiner CLIPTextEncodeSD3 "
    "CLIPTextEncodeFlux CLIPVisionEncode VAEEncode VAEEncodeTiled VAEEncodeForInpaint "
    "InpaintModelConditioning",
    "set_last_layer": "CLIPSetLastLayer",
    "combine": "ConditioningCombine MaskComposite",
    "concat": "ConditioningConcat",
    "addWeighted": "ConditioningAverage",
    "zero_out": "ConditioningZeroOut",
    "set_range": "ConditioningSetTimestepRange",
    "append": "ConditioningSetArea ConditioningSetAreaPercentage ConditioningSetAreaStrength "
    "ConditioningSetMask GLIGENTextBoxApply FluxGuidance",
    "apply_adm": "unCLIPConditioning",
    "apply_stylemodel": "StyleModelApply",
    "apply_controlnet": "ControlNetApply ControlNetApplyAdvanced ControlNetApplySD3",
    "apply_inpaint_controlnet": "ControlNetInpaintingAliMamaApply",
    "set_controlnet_type": "SetUnionControlNetType",
    # sampling
    "sample": "KSampler KSamplerAdvanced SamplerCustom SamplerCustomAdvanced",
    "get_sampler": "KSamplerSelect SamplerEulerAncestral SamplerEulerAncestralCFGPP SamplerLMS "
    "SamplerDPMPP_2S_Ancestral SamplerDPMPP_SDE SamplerDPMPP_2M_SDE SamplerDPMPP_3M_SDE SamplerDPMAdaptative",
    "get_sigmas": "BasicScheduler KarrasScheduler ExponentialScheduler PolyexponentialScheduler "
    "LaplaceScheduler VPScheduler BetaSamplingScheduler SDTurboScheduler AlignYourStepsScheduler "
    "SplitSigmas SplitSigmasDenoise FlipSigmas",
    "set_first_sigma": "SetFirstSigma",
    "get_guider": "BasicGuider CFGGuider DualCFGGuider PerpNegGuider",
    "get_noise": "RandomNoise DisableNoise",
    "add_noise": "AddNoise",
    # latents
    "decode": "VAEDecode VAEDecodeTiled",
    "generate": "EmptyLatentImage EmptySD3LatentImage EmptyImage",
    "set_mask": "SetLatentNoiseMask",
    "frombatch": "LatentFromBatch ImageFromBatch",
    "repeat": "RepeatLatentBatch RepeatImageBatch",
    "rebatch": "RebatchLatents RebatchImages",
    "op": "LatentAdd LatentSubtract LatentMultiply LatentInterpolate LatentConcat LatentCut "
    "LatentBatchSeedBehavior LatentApplyOperation LatentOperationTonemapReinhard LatentOperationSharpen",
    "blend": "LatentBlend",
    "rotate": "LatentRotate ImageRotate",
    "flip": "LatentFlip ImageFlip",
    "crop": "LatentCrop CropMask ImageCrop",
    "composite": "LatentComposite LatentCompositeMasked ImageCompositeMasked PorterDuffImageComposite",
    # pictures and masks
    "load_image": "LoadImage LoadImageMask LoadImageOutput",
    "upscale": "LatentUpscale LatentUpscaleBy ImageScale ImageScaleBy ImageScaleToTotalPixels "
    "ImageUpscaleWithModel",
    "batch": "ImageBatch LatentBatch",
    "invert": "ImageInvert InvertMask",
    "expand_image": "ImagePadForOutpaint",
    "stitch": "ImageStitch",
    "resize_and_pad": "ResizeAndPadImage",
    "get_size": "GetImageSize",
    "blend_images": "ImageBlend",
    "blur": "ImageBlur",
    "sharpen": "ImageSharpen",
    "quantize": "ImageQuantize",
    "detect_edge": "Canny",
    "split_image_with_alpha": "SplitImageWithAlpha",
    "join_image_with_alpha": "JoinImageWithAlpha",
    "solid": "SolidMask",
    "mask_to_image": "MaskToImage",
    "image_to_mask": "ImageToMask ImageColorToMask ThresholdMask",
    "feather": "FeatherMask",
    "expand_mask": "GrowMask",
    # texts
    "execute": "StringConcatenate StringSubstring StringLength CaseConverter StringTrim StringReplace "
    "StringContains StringCompare RegexMatch RegexExtract RegexReplace PrimitiveString "
    "PrimitiveStringMultiline PrimitiveInt PrimitiveFloat PrimitiveBoolean",
}

METHODS: Mapping[str, str] = {name: method for method, names in _NODES.items() for name in names.split()}
"""What the method of a class is called in ComfyUI."""

_ORDER: Mapping[str, tuple[str, ...]] = {
    "CLIPTextEncode": ("clip", "text"),
    "VAEDecode": ("vae", "samples"),
    "VAEDecodeTiled": ("vae", "samples", "tile_size", "overlap"),
    "VAEEncode": ("vae", "pixels"),
    "VAEEncodeTiled": ("vae", "pixels", "tile_size", "overlap"),
    "VAEEncodeForInpaint": ("vae", "pixels", "mask", "grow_mask_by"),
    "InpaintModelConditioning": ("positive", "negative", "pixels", "vae", "mask", "noise_mask"),
}


def method_of(node: str) -> str:
    """The name of a class's one method; `run` for nodes of ours."""
    return METHODS.get(node, "run")


def order_of(node: str, inputs: Iterable[str]) -> tuple[str, ...]:
    """Its arguments in the order of positions: mostly that of its inputs."""
    return _ORDER.get(node, tuple(inputs))
