"""The built-in nodes, one file a family; `builtin()` lists them all, nothing is found by scanning."""

from engine.registry import Registry
from nodes.adapters import hypernetwork_loader, lora_loader, lora_loader_model_only
from nodes.batches import (
    image_batch,
    image_list_to_batch,
    latent_batch_seed_behavior,
    latent_from_batch,
    repeat_latent_batch,
    seed_range,
)
from nodes.block_merging import (
    model_merge_flux1,
    model_merge_sd1,
    model_merge_sd2,
    model_merge_sd3_2b,
    model_merge_sd35_large,
    model_merge_sdxl,
)
from nodes.channels import image_color_to_mask, image_to_mask, load_image_mask, mask_to_image
from nodes.conditioning import clip_set_last_layer, clip_set_weighting, clip_text_encode
from nodes.control import (
    control_net_apply,
    control_net_apply_advanced,
    control_net_apply_sd3,
    control_net_inpainting_alimama_apply,
    control_net_loader,
    diff_control_net_loader,
    set_union_control_net_type,
)
from nodes.custom import NODES as CUSTOM
from nodes.depth import depth_checkpoint_loader, depth_conditioning, depth_estimate, depth_model_loader
from nodes.editing import EDITING
from nodes.flow import (
    clip_text_encode_flux,
    clip_text_encode_sd3,
    empty_sd3_latent_image,
    flux_guidance,
    model_sampling_flux,
    model_sampling_sd3,
)
from nodes.gligen import gligen_loader, gligen_text_box_apply
from nodes.grid import grid_values, image_grid
from nodes.guidance import (
    apg,
    cfg_norm,
    cfg_zero_star,
    differential_diffusion,
    epsilon_scaling,
    perturbed_attention_guidance,
    renorm_cfg,
    rescale_cfg,
    self_attention_guidance,
    tcfg,
)
from nodes.hints import canny_edges
from nodes.image import image_scale, image_scale_by, load_image, preview_image, save_image
from nodes.inpaint import (
    image_composite_masked,
    inpaint_model_conditioning,
    set_latent_noise_mask,
    vae_encode_for_inpaint,
)
from nodes.instruct import instruct_pix_to_pix_conditioning
from nodes.latent import empty_latent_image, latent_upscale, latent_upscale_by
from nodes.ldm import (
    empty_latent_for_vae,
    ldm_boxes,
    ldm_class_label,
    ldm_inpaint,
    ldm_super_resolution,
    ldm_unconditional,
)
from nodes.loaders import checkpoint_loader_simple, diffusers_loader, safety_checker_loader
from nodes.masks import (
    feather_mask,
    grow_mask,
    invert_mask,
    mask_composite,
    solid_mask,
    threshold_mask,
)
from nodes.merging import (
    clip_merge_add,
    clip_merge_simple,
    clip_merge_subtract,
    model_merge_add,
    model_merge_blocks,
    model_merge_simple,
    model_merge_subtract,
)
from nodes.mixing import (
    conditioning_average,
    conditioning_combine,
    conditioning_concat,
    conditioning_zero_out,
)
from nodes.model_files import checkpoint_save, clip_save, lora_save, model_save, vae_save
from nodes.model_sampling import (
    model_sampling_aura_flow,
    model_sampling_continuous_edm,
    model_sampling_continuous_v,
    model_sampling_discrete,
)
from nodes.outputs import workflow_output
from nodes.parts import clip_loader, dual_clip_loader, triple_clip_loader, unet_loader, vae_loader
from nodes.reference import compvis_sampler
from nodes.regions import (
    conditioning_set_area,
    conditioning_set_area_percentage,
    conditioning_set_area_strength,
    conditioning_set_mask,
    conditioning_set_timestep_range,
)
from nodes.safety import safety_check
from nodes.sampling import ksampler, ksampler_advanced
from nodes.scheduled import clip_text_encode_scheduled
from nodes.sdxl import clip_text_encode_sdxl, clip_text_encode_sdxl_refiner
from nodes.skipped_layers import (
    skip_layer_guidance_dit,
    skip_layer_guidance_dit_simple,
    skip_layer_guidance_sd3,
)
from nodes.unclip import unclip_checkpoint_loader, unclip_conditioning
from nodes.unet import freeu, freeu_v2, hyper_tile, tome_patch_model
from nodes.vae import vae_decode, vae_decode_tiled, vae_encode, vae_encode_tiled
from nodes.vision import clip_vision_encode, clip_vision_loader, style_model_apply, style_model_loader
from nodes.watermark import invisible_watermark, read_watermark

NODES = (
    ksampler,
    checkpoint_loader_simple,
    clip_text_encode,
    clip_set_last_layer,
    vae_decode,
    vae_encode,
    vae_decode_tiled,
    vae_encode_tiled,
    empty_latent_image,
    latent_upscale,
    save_image,
    preview_image,
    load_image,
    image_scale,
    ksampler_advanced,
    safety_checker_loader,
    safety_check,
    latent_upscale_by,
    image_scale_by,
    image_batch,
    image_list_to_batch,
    repeat_latent_batch,
    latent_from_batch,
    latent_batch_seed_behavior,
    seed_range,
    set_latent_noise_mask,
    vae_encode_for_inpaint,
    image_composite_masked,
    solid_mask,
    invert_mask,
    threshold_mask,
    grow_mask,
    feather_mask,
    mask_composite,
    load_image_mask,
    image_to_mask,
    image_color_to_mask,
    mask_to_image,
    grid_values,
    image_grid,
    conditioning_combine,
    conditioning_concat,
    conditioning_average,
    conditioning_zero_out,
    conditioning_set_area,
    conditioning_set_area_percentage,
    conditioning_set_area_strength,
    conditioning_set_mask,
    conditioning_set_timestep_range,
    workflow_output,
    lora_loader,
    lora_loader_model_only,
    hypernetwork_loader,
    clip_text_encode_sdxl,
    clip_text_encode_sdxl_refiner,
    inpaint_model_conditioning,
    compvis_sampler,
    invisible_watermark,
    read_watermark,
    diffusers_loader,
    clip_text_encode_scheduled,
    unet_loader,
    vae_loader,
    clip_loader,
    dual_clip_loader,
    triple_clip_loader,
    clip_text_encode_sd3,
    clip_text_encode_flux,
    flux_guidance,
    empty_sd3_latent_image,
    model_sampling_sd3,
    model_sampling_flux,
    clip_vision_loader,
    clip_vision_encode,
    unclip_checkpoint_loader,
    unclip_conditioning,
    depth_checkpoint_loader,
    depth_model_loader,
    depth_estimate,
    depth_conditioning,
    gligen_loader,
    gligen_text_box_apply,
    style_model_loader,
    style_model_apply,
    model_merge_simple,
    model_merge_add,
    model_merge_subtract,
    model_merge_blocks,
    clip_merge_simple,
    clip_merge_add,
    clip_merge_subtract,
    model_merge_sd1,
    model_merge_sd2,
    model_merge_sdxl,
    model_merge_sd3_2b,
    model_merge_sd35_large,
    model_merge_flux1,
    checkpoint_save,
    model_save,
    clip_save,
    vae_save,
    lora_save,
    clip_set_weighting,
    control_net_loader,
    diff_control_net_loader,
    control_net_apply,
    control_net_apply_advanced,
    control_net_apply_sd3,
    set_union_control_net_type,
    control_net_inpainting_alimama_apply,
    canny_edges,
    *EDITING,
    ldm_class_label,
    ldm_boxes,
    ldm_unconditional,
    ldm_super_resolution,
    ldm_inpaint,
    empty_latent_for_vae,
    *CUSTOM,
    model_sampling_discrete,
    model_sampling_continuous_edm,
    model_sampling_continuous_v,
    model_sampling_aura_flow,
    rescale_cfg,
    perturbed_attention_guidance,
    self_attention_guidance,
    differential_diffusion,
    cfg_zero_star,
    cfg_norm,
    renorm_cfg,
    tcfg,
    apg,
    epsilon_scaling,
    instruct_pix_to_pix_conditioning,
    skip_layer_guidance_sd3,
    skip_layer_guidance_dit,
    skip_layer_guidance_dit_simple,
    freeu,
    freeu_v2,
    hyper_tile,
    tome_patch_model,
)


def builtin() -> Registry:
    """A registry of every built-in node."""
    registry = Registry()
    for function in NODES:
        registry.add(function)
    return registry
