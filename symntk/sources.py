"""The works that steps cite, as BibTeX: ``SOURCES[key]``.

A step's ``source`` is such a key, optionally with a place in the work: ``"yang2020:Theorem 4.3"``.
"""

from __future__ import annotations

from symntk.trace import Source


def _entry(kind: str, key: str, short: str, **fields: str) -> Source:
    """A source whose BibTeX lists the fields in the order given."""
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return Source(key, short, "\n".join([f"@{kind}{{{key},", *lines, "}"]))


_ALL = (
    _entry(
        "book",
        "anderson2003",
        "Anderson (2003)",
        author="Anderson, Theodore W.",
        title="An Introduction to Multivariate Statistical Analysis",
        publisher="Wiley",
        edition="3",
        year="2003",
    ),
    _entry(
        "book",
        "brown1986",
        "Brown (1986)",
        author="Brown, Lawrence D.",
        title="Fundamentals of Statistical Exponential Families",
        publisher="Institute of Mathematical Statistics",
        year="1986",
    ),
    _entry(
        "inproceedings",
        "cho2009",
        "Cho & Saul (2009)",
        author="Cho, Youngmin and Saul, Lawrence K.",
        title="Kernel Methods for Deep Learning",
        booktitle="Advances in Neural Information Processing Systems 22",
        pages="342--350",
        year="2009",
    ),
    _entry(
        "inproceedings",
        "daniely2016",
        "Daniely et al. (2016)",
        author="Daniely, Amit and Frostig, Roy and Singer, Yoram",
        title="Toward Deeper Understanding of Neural Networks: The Power of Initialization and "
        "a Dual View on Expressivity",
        booktitle="Advances in Neural Information Processing Systems 29",
        year="2016",
    ),
    _entry(
        "inproceedings",
        "han2022",
        "Han et al. (2022)",
        author="Han, Insu and Zandieh, Amir and Lee, Jaehoon and Novak, Roman and Xiao, Lechao "
        "and Karbasi, Amin",
        title="Fast Neural Kernel Embeddings for General Activations",
        booktitle="Advances in Neural Information Processing Systems 35",
        year="2022",
    ),
    _entry(
        "misc",
        "hendrycks2016",
        "Hendrycks & Gimpel (2016)",
        author="Hendrycks, Dan and Gimpel, Kevin",
        title="Gaussian Error Linear Units ({GELU}s)",
        eprint="1606.08415",
        archiveprefix="arXiv",
        year="2016",
    ),
    _entry(
        "article",
        "isserlis1918",
        "Isserlis (1918)",
        author="Isserlis, L.",
        title="On a Formula for the Product-Moment Coefficient of Any Order of a Normal "
        "Frequency Distribution in Any Number of Variables",
        journal="Biometrika",
        volume="12",
        number="1/2",
        pages="134--139",
        year="1918",
    ),
    _entry(
        "inproceedings",
        "jacot2018",
        "Jacot et al. (2018)",
        author="Jacot, Arthur and Gabriel, Franck and Hongler, Cl{\\'e}ment",
        title="Neural Tangent Kernel: Convergence and Generalization in Neural Networks",
        booktitle="Advances in Neural Information Processing Systems 31",
        year="2018",
    ),
    _entry(
        "inproceedings",
        "lee2018",
        "Lee et al. (2018)",
        author="Lee, Jaehoon and Bahri, Yasaman and Novak, Roman and Schoenholz, Samuel S. and "
        "Pennington, Jeffrey and Sohl-Dickstein, Jascha",
        title="Deep Neural Networks as {G}aussian Processes",
        booktitle="International Conference on Learning Representations",
        year="2018",
    ),
    _entry(
        "inproceedings",
        "lee2019",
        "Lee et al. (2019)",
        author="Lee, Jaehoon and Xiao, Lechao and Schoenholz, Samuel S. and Bahri, Yasaman and "
        "Novak, Roman and Sohl-Dickstein, Jascha and Pennington, Jeffrey",
        title="Wide Neural Networks of Any Depth Evolve as Linear Models Under Gradient Descent",
        booktitle="Advances in Neural Information Processing Systems 32",
        year="2019",
    ),
    _entry(
        "inproceedings",
        "matthews2018",
        "Matthews et al. (2018)",
        author="Matthews, Alexander G. de G. and Hron, Jiri and Rowland, Mark and Turner, "
        "Richard E. and Ghahramani, Zoubin",
        title="{G}aussian Process Behaviour in Wide Deep Neural Networks",
        booktitle="International Conference on Learning Representations",
        year="2018",
    ),
    _entry(
        "inproceedings",
        "novak2020",
        "Novak et al. (2020)",
        author="Novak, Roman and Xiao, Lechao and Hron, Jiri and Lee, Jaehoon and Alemi, "
        "Alexander A. and Sohl-Dickstein, Jascha and Schoenholz, Samuel S.",
        title="Neural Tangents: Fast and Easy Infinite Neural Networks in {P}ython",
        booktitle="International Conference on Learning Representations",
        year="2020",
    ),
    _entry(
        "article",
        "owen1956",
        "Owen (1956)",
        author="Owen, Donald B.",
        title="Tables for Computing Bivariate Normal Probabilities",
        journal="The Annals of Mathematical Statistics",
        volume="27",
        number="4",
        pages="1075--1090",
        year="1956",
    ),
    _entry(
        "article",
        "price1958",
        "Price (1958)",
        author="Price, Robert",
        title="A Useful Theorem for Nonlinear Devices Having {G}aussian Inputs",
        journal="IRE Transactions on Information Theory",
        volume="4",
        number="2",
        pages="69--72",
        year="1958",
    ),
    _entry(
        "article",
        "sheppard1899",
        "Sheppard (1899)",
        author="Sheppard, William F.",
        title="On the Application of the Theory of Error to Cases of Normal Distribution and "
        "Normal Correlation",
        journal="Philosophical Transactions of the Royal Society of London. Series A",
        volume="192",
        pages="101--167",
        year="1899",
    ),
    _entry(
        "article",
        "stein1981",
        "Stein (1981)",
        author="Stein, Charles M.",
        title="Estimation of the Mean of a Multivariate Normal Distribution",
        journal="The Annals of Statistics",
        volume="9",
        number="6",
        pages="1135--1151",
        year="1981",
    ),
    _entry(
        "inproceedings",
        "sun2023",
        "Sun et al. (2023)",
        author="Sun, Xiaobing and Li, Jiaxi and Lu, Wei",
        title="Unraveling Feature Extraction Mechanisms in Neural Networks",
        booktitle="Proceedings of the 2023 Conference on Empirical Methods in Natural Language "
        "Processing",
        pages="10505--10530",
        year="2023",
    ),
    _entry(
        "inproceedings",
        "tsuchida2021",
        "Tsuchida et al. (2021)",
        author="Tsuchida, Russell and Pearce, Tim and van der Heide, Chris and Roosta, Fred and "
        "Gallagher, Marcus",
        title="Avoiding Kernel Fixed Points: Computing with {ELU} and {GELU} Infinite Networks",
        booktitle="Proceedings of the AAAI Conference on Artificial Intelligence",
        volume="35",
        pages="9967--9977",
        year="2021",
    ),
    _entry(
        "inproceedings",
        "williams1997",
        "Williams (1997)",
        author="Williams, Christopher K. I.",
        title="Computing with Infinite Networks",
        booktitle="Advances in Neural Information Processing Systems 9",
        pages="295--301",
        year="1997",
    ),
    _entry(
        "inproceedings",
        "yang2019wide",
        "Yang (2019b)",
        author="Yang, Greg",
        title="Wide Feedforward or Recurrent Neural Networks of Any Architecture are {G}aussian "
        "Processes",
        booktitle="Advances in Neural Information Processing Systems 32",
        year="2019",
    ),
    _entry(
        "misc",
        "yang2019",
        "Yang (2019a)",
        author="Yang, Greg",
        title="Scaling Limits of Wide Neural Networks with Weight Sharing: {G}aussian Process "
        "Behavior, Gradient Independence, and Neural Tangent Kernel Derivation",
        eprint="1902.04760",
        archiveprefix="arXiv",
        year="2019",
    ),
    _entry(
        "misc",
        "yang2020",
        "Yang (2020)",
        author="Yang, Greg",
        title="Tensor Programs {II}: Neural Tangent Kernel for Any Architecture",
        eprint="2006.14548",
        archiveprefix="arXiv",
        year="2020",
    ),
)

SOURCES: dict[str, Source] = {source.key: source for source in _ALL}
