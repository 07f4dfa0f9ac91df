"""`comfy_extras`: the built-in nodes as packs import them, by the module each has in ComfyUI."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

MODULES: Mapping[str, str] = {
    "nodes_align_your_steps": "AlignYourStepsScheduler",
    "nodes_apg": "APG",
    "nodes_canny": "Canny",
    "nodes_cfg": "CFGZeroStar CFGNorm",
    "nodes_clip_sdxl": "CLIPTextEncodeSDXL CLIPTextEncodeSDXLRefiner",
    "nodes_compositing": "PorterDuffImageComposite SplitImageWithAlpha JoinImageWithAlpha",
    "nodes_controlnet": "SetUnionControlNetType ControlNetInpaintingAliMamaApply",
    "nodes_custom_sampler": "BasicScheduler KarrasScheduler ExponentialScheduler PolyexponentialScheduler "
    "LaplaceScheduler SDTurboScheduler BetaSamplingScheduler VPScheduler SplitSigmas SplitSigmasDenoise "
    "FlipSigmas SetFirstSigma ExtendIntermediateSigmas SamplingPercentToSigma KSamplerSelect "
    "SamplerEulerAncestral SamplerEulerAncestralCFGPP SamplerLMS SamplerDPMPP_2S_Ancestral SamplerDPMPP_SDE "
    "SamplerDPMPP_2M_SDE SamplerDPMPP_3M_SDE SamplerDPMAdaptative SamplerER_SDE SamplerSASolver "
    "SamplerCustom SamplerCustomAdvanced BasicGuider CFGGuider DualCFGGuider RandomNoise DisableNoise "
    "AddNoise",
    "nodes_differential_diffusion": "DifferentialDiffusion",
    "nodes_flux": "CLIPTextEncodeFlux FluxGuidance",
    "nodes_freelunch": "FreeU FreeU_V2",
    "nodes_hypernetwork": "HypernetworkLoader",
    "nodes_hypertile": "HyperTile",
    "nodes_images": "ImageCrop RepeatImageBatch ImageFromBatch ImageAddNoise SaveAnimatedWEBP "
    "SaveAnimatedPNG ImageStitch ResizeAndPadImage GetImageSize ImageRotate ImageFlip "
    "ImageScaleToMaxDimension",
    "nodes_latent": "LatentAdd LatentSubtract LatentMultiply LatentInterpolate LatentConcat LatentCut "
    "LatentCutToBatch LatentBatch LatentBatchSeedBehavior LatentApplyOperation LatentApplyOperationCFG "
    "LatentOperationTonemapReinhard LatentOperationSharpen",
    "nodes_mask": "LatentCompositeMasked ImageCompositeMasked MaskToImage ImageToMask ImageColorToMask "
    "SolidMask InvertMask CropMask MaskComposite FeatherMask GrowMask ThresholdMask MaskPreview",
    "nodes_model_advanced": "ModelSamplingDiscrete ModelSamplingContinuousEDM ModelSamplingContinuousV "
    "ModelSamplingSD3 ModelSamplingAuraFlow ModelSamplingFlux RescaleCFG",
    "nodes_model_merging": "ModelMergeSimple ModelMergeBlocks ModelMergeSubtract ModelMergeAdd "
    "CLIPMergeSimple CLIPMergeSubtract CLIPMergeAdd CheckpointSave ModelSave CLIPSave VAESave",
    "nodes_morphology": "Morphology ImageRGBToYUV ImageYUVToRGB",
    "nodes_pag": "PerturbedAttentionGuidance",
    "nodes_perpneg": "PerpNegGuider",
    "nodes_post_processing": "Blend=ImageBlend Blur=ImageBlur Quantize=ImageQuantize Sharpen=ImageSharpen "
    "ImageScaleToTotalPixels",
    "nodes_rebatch": "LatentRebatch=RebatchLatents ImageRebatch=RebatchImages",
    "nodes_sag": "SelfAttentionGuidance",
    "nodes_sd3": "TripleCLIPLoader EmptySD3LatentImage CLIPTextEncodeSD3",
    "nodes_tcfg": "TCFG",
    "nodes_tomesd": "TomePatchModel",
    "nodes_upscale_model": "UpscaleModelLoader ImageUpscaleWithModel",
}
"""The classes of each module; `Class=Node` where a class is not called as its node is."""


def modules(classes: Mapping[str, type[Any]]) -> dict[str, ModuleType]:
    """The modules, with those of the classes there are, and `NODE_CLASS_MAPPINGS` of each."""
    made: dict[str, ModuleType] = {}
    for name, words in MODULES.items():
        pairs = [(word.split("=")[0], word.split("=")[-1]) for word in words.split()]
        module = ModuleType(f"comfy_extras.{name}", "Built-in nodes, for packs.")
        known = {node: classes[node] for _, node in pairs if node in classes}
        vars(module).update({own: known[node] for own, node in pairs if node in known})
        vars(module)["NODE_CLASS_MAPPINGS"] = known
        made[module.__name__] = module
    return made
