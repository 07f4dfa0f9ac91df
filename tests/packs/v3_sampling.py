# pyright: basic, reportMissingImports=false
"""Schema nodes that use models by call: a picture in one node, and a changed copy of a model."""

from comfy_api.latest import ComfyExtension, io

import nodes


class DrawPicture(io.ComfyNode):
    """From a prompt to a picture in one node."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3DrawPicture",
            category="examples/v3",
            inputs=[
                io.Model.Input("model"),
                io.Clip.Input("clip"),
                io.Vae.Input("vae"),
                io.String.Input("text", multiline=True),
                io.Int.Input("seed", default=0, min=0),
            ],
            outputs=[io.Image.Output(), io.Latent.Output()],
        )

    @classmethod
    def execute(cls, model, clip, vae, text, seed):
        positive = clip.encode_from_tokens_scheduled(clip.tokenize(text))
        negative = clip.encode_from_tokens_scheduled(clip.tokenize(""))
        [latent] = nodes.EmptyLatentImage().generate(width=64, height=64, batch_size=1)
        [latent] = nodes.common_ksampler(
            model, seed, 2, 3.0, "euler", "normal", positive, negative, latent, denoise=1.0
        )
        return io.NodeOutput(vae.decode(latent["samples"]), latent)


class SoftenModel(io.ComfyNode):
    """A copy of a model whose predictions are scaled."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3SoftenModel",
            category="examples/v3",
            inputs=[io.Model.Input("model"), io.Float.Input("amount", default=0.9)],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, model, amount):
        changed = model.clone()
        changed.set_model_sampler_post_cfg_function(lambda args: args["denoised"] * amount)
        return io.NodeOutput(changed)


class Examples(ComfyExtension):
    async def get_node_list(self):
        return [DrawPicture, SoftenModel]


def comfy_entrypoint():
    return Examples()
