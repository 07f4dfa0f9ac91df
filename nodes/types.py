"""The types on the wires: what each socket name carries. Packs and built-in nodes exchange these values."""

from typing import Annotated, Any

from torch import Tensor

from diffusion.autoencoder import Vae as VaeModel
from diffusion.clip_vision import ClipVision as VisionEncoder
from diffusion.clip_vision import ClipVisionOutput as VisionOutput
from diffusion.conditioning import Options
from diffusion.control import ControlModel
from diffusion.depth_model import DepthEstimator
from diffusion.gligen import Gligen as GligenModel
from diffusion.guiders import Guider as GuiderProtocol
from diffusion.model import DiffusionModel
from diffusion.model import Latent as LatentBatch
from diffusion.noise import NoiseSource
from diffusion.safety import SafetyChecker as SafetyModel
from diffusion.samplers import SAMPLERS
from diffusion.samplers import Sampler as SamplerRow
from diffusion.schedules import SCHEDULERS
from diffusion.style import StyleModel as StyleTokens
from diffusion.text import TextEncoder
from engine.types import Choices, Range, SeedControl, Socket

Model = Annotated[DiffusionModel, Socket("MODEL")]
Clip = Annotated[TextEncoder, Socket("CLIP")]
Vae = Annotated[VaeModel, Socket("VAE")]
Conditioning = Annotated[list[tuple[Tensor, Options] | list[Any]], Socket("CONDITIONING")]
ControlNet = Annotated[ControlModel, Socket("CONTROL_NET")]
Latent = Annotated[LatentBatch, Socket("LATENT")]
Image = Annotated[Tensor, Socket("IMAGE")]
Mask = Annotated[Tensor, Socket("MASK")]
ClipVision = Annotated[VisionEncoder, Socket("CLIP_VISION")]
ClipVisionOutput = Annotated[VisionOutput, Socket("CLIP_VISION_OUTPUT")]
StyleModel = Annotated[StyleTokens, Socket("STYLE_MODEL")]
Gligen = Annotated[GligenModel, Socket("GLIGEN")]
DepthModel = Annotated[DepthEstimator, Socket("DEPTH_MODEL")]
SafetyChecker = Annotated[SafetyModel, Socket("SAFETY_CHECKER")]
Sigmas = Annotated[Tensor, Socket("SIGMAS")]
Sampler = Annotated[SamplerRow, Socket("SAMPLER")]
Noise = Annotated[NoiseSource, Socket("NOISE")]
Guider = Annotated[GuiderProtocol, Socket("GUIDER")]

Seed = Annotated[int, Range(0, 2**64 - 1), SeedControl()]
Steps = Annotated[int, Range(1, 10_000)]
Cfg = Annotated[float, Range(0.0, 100.0, step=0.1, round=0.01)]
SamplerName = Annotated[str, Choices(tuple(SAMPLERS))]
SchedulerName = Annotated[str, Choices(tuple(SCHEDULERS))]
