"""The nodes that edit latents, pictures, masks, texts and numbers; none of them needs a diffusion model."""

from nodes.compositing import join_image_with_alpha, porter_duff_image_composite, split_image_with_alpha
from nodes.filters import (
    empty_image,
    image_add_noise,
    image_blend,
    image_blur,
    image_invert,
    image_quantize,
    image_sharpen,
)
from nodes.image import load_image_output
from nodes.latent_edit import (
    latent_composite,
    latent_composite_masked,
    latent_crop,
    latent_flip,
    latent_rotate,
)
from nodes.latent_files import load_latent, save_latent
from nodes.latent_joining import latent_batch, latent_concat, latent_cut, latent_cut_to_batch
from nodes.latent_math import (
    latent_add,
    latent_blend,
    latent_interpolate,
    latent_multiply,
    latent_subtract,
)
from nodes.latent_operations import (
    latent_apply_operation,
    latent_apply_operation_cfg,
    latent_operation_sharpen,
    latent_operation_tonemap_reinhard,
)
from nodes.masks import crop_mask
from nodes.morphology import image_rgb_to_yuv, image_yuv_to_rgb, morphology
from nodes.patterns import regex_extract, regex_match, regex_replace
from nodes.primitives import (
    preview_any,
    primitive_boolean,
    primitive_float,
    primitive_int,
    primitive_string,
    primitive_string_multiline,
)
from nodes.rebatch import (
    image_from_batch,
    rebatch_images,
    rebatch_latents,
    repeat_image_batch,
)
from nodes.saving import (
    mask_preview,
    save_animated_png,
    save_animated_webp,
    save_image_as,
    save_image_websocket,
)
from nodes.stitch import image_stitch
from nodes.text import (
    case_converter,
    string_compare,
    string_concatenate,
    string_contains,
    string_length,
    string_replace,
    string_substring,
    string_trim,
)
from nodes.transform import (
    get_image_size,
    image_crop,
    image_flip,
    image_pad_for_outpaint,
    image_rotate,
    image_scale_to_max_dimension,
    image_scale_to_total_pixels,
    resize_and_pad_image,
)
from nodes.upscale import image_upscale_with_model, upscale_model_loader

LATENTS = (
    latent_add,
    latent_subtract,
    latent_multiply,
    latent_interpolate,
    latent_blend,
    latent_batch,
    latent_concat,
    latent_cut,
    latent_cut_to_batch,
    latent_composite,
    latent_composite_masked,
    latent_crop,
    latent_flip,
    latent_rotate,
    latent_apply_operation,
    latent_apply_operation_cfg,
    latent_operation_tonemap_reinhard,
    latent_operation_sharpen,
    rebatch_latents,
    save_latent,
    load_latent,
)

PICTURES = (
    empty_image,
    image_invert,
    image_pad_for_outpaint,
    image_crop,
    image_flip,
    image_rotate,
    image_stitch,
    image_scale_to_total_pixels,
    image_scale_to_max_dimension,
    resize_and_pad_image,
    get_image_size,
    image_add_noise,
    image_blend,
    image_blur,
    image_sharpen,
    image_quantize,
    morphology,
    image_rgb_to_yuv,
    image_yuv_to_rgb,
    repeat_image_batch,
    image_from_batch,
    rebatch_images,
    crop_mask,
    join_image_with_alpha,
    split_image_with_alpha,
    porter_duff_image_composite,
    upscale_model_loader,
    image_upscale_with_model,
)

FILES = (
    load_image_output,
    save_image_as,
    save_animated_webp,
    save_animated_png,
    save_image_websocket,
    mask_preview,
)

VALUES = (
    primitive_string,
    primitive_string_multiline,
    primitive_int,
    primitive_float,
    primitive_boolean,
    preview_any,
    string_concatenate,
    string_substring,
    string_length,
    case_converter,
    string_trim,
    string_replace,
    string_contains,
    string_compare,
    regex_match,
    regex_extract,
    regex_replace,
)

EDITING = (*LATENTS, *PICTURES, *FILES, *VALUES)
