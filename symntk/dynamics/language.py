"""Language modelling as classification: the next token is the class of the tokens before it."""

from __future__ import annotations

from collections.abc import Iterable

from symntk.decomposition.documents import Document
from symntk.dynamics.corpus import Corpus
from symntk.dynamics.documents import read_documents
from symntk.errors import UsageError


def next_tokens(docs: Iterable[Document], context: int = 1) -> Corpus:
    """Each token of a text but the first, as the label of the ``context`` tokens before it.

        (x_1, ..., x_T)  ->  ((x_(t - context), ..., x_(t - 1)), x_t),   t = 2, ..., T

    Contexts at the beginning of a document are shorter.  Softmax loss on them,
    ``symntk.flow(graph, corpus.docs, corpus.labels, loss="softmax")``, is the flow of a network
    that models language.  At its start the logit of the token v after the token e alone moves by

        eta (rho (n_ev - n_e / V) + mu sum_j T_j ([y_j = v] - 1/V))

    for the bag-of-words kernel rho <omega, omega'> + mu T T': n_ev how often v follows a context
    with e, n_e how often any token does (each counted with the occurrences of e in the context),
    T_j the lengths of contexts, V the number of classes.

    Raises UsageError for documents that are not well formed, and where no token follows another.
    """
    import numpy as np

    if isinstance(context, bool) or not hasattr(context, "__index__") or context < 1:
        raise UsageError(f"the context is a number of tokens, at least 1, not {context!r}")
    read = read_documents(docs)
    following = np.ones(len(read.tokens), dtype=np.bool_)
    following[read.starts[:-1]] = False
    ends = np.flatnonzero(following)
    if not len(ends):
        raise UsageError("no document has two tokens: there is no next token to learn")
    begins = np.maximum(ends - context, np.repeat(read.starts[:-1], read.lengths)[ends])
    return Corpus(read.parts(begins, ends), [read.vocabulary[n] for n in read.tokens[ends]])
