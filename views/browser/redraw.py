"""Mesa's signal that redraws what shows a model."""

import warnings

with warnings.catch_warnings():  # Solara finds fault with a component of Mesa's that is not used here
    warnings.filterwarnings("ignore", "(?s).*ComponentsView: `use_state` found", UserWarning)
    from mesa.visualization.utils import update_counter

__all__ = ["update_counter"]
