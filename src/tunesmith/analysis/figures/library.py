"""The library that draws the figures, as the script that a page carries."""

from tunesmith.errors import missing_extra


def plotly_script(extra: str, purpose: str) -> str:
    """Plotly's JavaScript, which the Python package brings.

    Args:
        extra: Extra of tunesmith that installs it, for the error.
        purpose: What it is needed for, for the error.

    Raises:
        MissingExtra: Plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise missing_extra("plotly", extra, purpose) from error
    return str(get_plotlyjs())
