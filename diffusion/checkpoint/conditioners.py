"""Load what models of the latent diffusion paper read in place of CLIP's text, and their averaged weights."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from diffusion.checkpoint.assemble import assemble, sizes
from diffusion.checkpoint.header import CheckpointError
from diffusion.checkpoint.renamed import Renamed
from diffusion.checkpoint.tensors import ModelFile
from diffusion.families.family import Conditioner
from diffusion.ldm.bert import Bert, BertConfig, BertTower
from diffusion.ldm.bert_tokens import SPECIAL, UNKNOWN, BertTokenizer
from diffusion.ldm.readers import BoxReader, ClassReader, ClassTable, NoReader
from diffusion.text import Embeddings, TextEncoder, no_embeddings

VOCABULARY = "vocab.txt"
_LOGITS = ("to_logits.",)
"""The encoder's way back to tokens, which training as a language model would need."""
_EMA = "model_ema."


def load_conditioner(
    file: ModelFile,
    row: Conditioner,
    dtype: torch.dtype,
    device: torch.device,
    embeddings: Embeddings = no_embeddings,
) -> TextEncoder:
    """Load what a model reads: a text encoder, or a reader of classes or boxes in place of one.

    Raises:
        CheckpointError: its tensors are incomplete, or of other shapes than they should have.
    """
    match row.kind:
        case "text":
            model = _bert(file, row, dtype, device)
            words = model.config.vocabulary
            tokenizer = BertTokenizer(lambda: read_words(file, words))
            return TextEncoder({"bert": BertTower(model, tokenizer, embeddings)})
        case "boxes":
            return TextEncoder({}, reader=BoxReader(_bert(file, row, dtype, device)))
        case "class":
            classes, width = sizes(lambda shapes: shapes["embedding.weight"], file, row.prefix)
            table = assemble(lambda: ClassTable(classes, width), file, row.prefix, dtype, device)
            return TextEncoder({}, reader=ClassReader(table))
        case "nothing":
            return TextEncoder({}, reader=NoReader(row.node))


def _bert(file: ModelFile, row: Conditioner, dtype: torch.dtype, device: torch.device) -> Bert:
    config = sizes(BertConfig.from_shapes, file, row.prefix)
    return assemble(lambda: Bert(config), file, row.prefix, dtype, device, ignore=_LOGITS)


def read_words(file: ModelFile, count: int) -> Tokenizer:
    """The WordPiece vocabulary of BERT: `vocab.txt` beside the model's file, or in a folder's `tokenizer`.

    Args:
        file: whose folder is looked in.
        count: how many tokens the encoder knows.

    Raises:
        CheckpointError: there is none, or it is another one.
    """
    model = file.header.path
    folder = model / "tokenizer" if model.is_dir() else model.parent
    path = folder / VOCABULARY
    remedy = f"put {VOCABULARY} of google-bert/bert-base-uncased into {folder}"
    if not path.is_file():
        raise CheckpointError(model, "BERT's vocabulary is missing", remedy)
    try:
        words = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(path, f"it cannot be read ({error})", remedy) from error
    if len(words) != count or not set(SPECIAL) <= set(words):
        reason = f"it has {len(words)} words and is not the vocabulary of {count} the text encoder reads"
        raise CheckpointError(path, reason, remedy)
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def averaged(file: ModelFile, prefix: str) -> ModelFile:
    """The file with the moving average of the network's weights in the place of the last ones, if it has it.

    That is what the models of the paper are sampled with. The averages' names are without dots:
    `model.diffusion_model.out.2.bias` is `model_ema.diffusion_modelout2bias`.
    """
    tensors = file.header.tensors
    names = {name: name for name in tensors}
    for name in tensors:
        average = f"{_EMA}{name.removeprefix('model.').replace('.', '')}"
        if name.startswith(prefix) and average in tensors:
            names[name] = average
    return file if all(name == stored for name, stored in names.items()) else Renamed(file, names)
