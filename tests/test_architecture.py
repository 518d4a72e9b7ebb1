"""Imports point one way: a module imports only what stands above it."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
reading = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "reading.py")))

ORDER = [
    # what everything stands on: the standard library and numpy
    ["xdrl.errors", "xdrl.storage", "xdrl.pictures", "xdrl.explanations", "xdrl.views"],
    ["xdrl.version", "xdrl.images", "xdrl.notebooks"],
    ["xdrl.storage.locks"],
    ["xdrl.schedules", "xdrl.library_rules", "xdrl.streams", "xdrl.signals", "xdrl.invocation", "xdrl.quiet"],
    ["xdrl.recipes"],
    ["xdrl.games", "xdrl.storage.files", "xdrl.pictures.colours", "xdrl.pictures.bars"],
    ["xdrl.backgrounds", "xdrl.storage.rounding", "xdrl.notebooks.drawing"],
    ["xdrl.storage.saved_models", "xdrl.storage.imported_agents", "xdrl.machine", "xdrl.pictures.figure_files"],
    ["xdrl.config", "xdrl.storage.histories"],
    ["xdrl.settings", "xdrl.imported_config", "xdrl.memories"],
    ["xdrl.nature_config", "xdrl.own_config"],
    ["xdrl.agent_configs"],
    # what can be asked of an explanation
    ["xdrl.targets"],
    ["xdrl.methods"],
    # the game and the network
    ["xdrl.environments", "xdrl.preprocessing", "xdrl.cores", "xdrl.policies"],
    ["xdrl.warping", "xdrl.agent_networks", "xdrl.training_environments"],
    ["xdrl.networks", "xdrl.imported_networks"],
    ["xdrl.nature", "xdrl.own_network"],
    ["xdrl.agent_building"],
    # agents of other libraries
    ["xdrl.imports.archives"],
    ["xdrl.imports.torch_files", "xdrl.imports.layers"],
    ["xdrl.imports.stable_baselines", "xdrl.imports.state_files", "xdrl.imports.keras_files"],
    ["xdrl.imports.saved_model_files", "xdrl.imports.own_models"],
    ["xdrl.imports"],
    # learning
    ["xdrl.rollouts", "xdrl.returns"],
    ["xdrl.losses"],
    ["xdrl.messages"],
    ["xdrl.learner"],
    ["xdrl.workers", "xdrl.backends.tensorflow.torso", "xdrl.backends.tensorflow.core", "xdrl.backends.jax.stateless"],
    ["xdrl.backends.tensorflow.acting", "xdrl.backends.tensorflow.updates"],
    ["xdrl.backends.tensorflow.plain", "xdrl.backends.tensorflow.fast_acting"],
    ["xdrl.backends.tensorflow.fast_gradients"],
    ["xdrl.backends.tensorflow.paths"],
    ["xdrl.backends.jax.acting", "xdrl.backends.jax.updates"],
    ["xdrl.backends.jax.gradients"],
    ["xdrl.backends.tensorflow", "xdrl.backends.jax"],
    ["xdrl.backends"],
    ["xdrl.assembly"],
    ["xdrl.engines"],
    ["xdrl.engines.threads", "xdrl.engines.wire", "xdrl.engines.ray_cluster"],
    ["xdrl.engines.ray_actors"],
    ["xdrl.engines.ray_crew"],
    ["xdrl.engines.ray_engine"],
    ["xdrl.engines.choice"],
    # what is kept on disk
    ["xdrl.storage.checkpoints", "xdrl.storage.weights_files", "xdrl.storage.saved_variables", "xdrl.storage.events"],
    ["xdrl.storage.runs", "xdrl.storage.progress"],
    ["xdrl.storage.stored_agents"],
    ["xdrl.standings"],
    ["xdrl.agent_folders", "xdrl.courses"],
    # agents, and what is done with them
    ["xdrl.explainers.targets"],
    ["xdrl.explainers.subjects", "xdrl.explainers.maps"],
    ["xdrl.explainers.gradients", "xdrl.explainers.perturbations", "xdrl.explainers.methods"],
    ["xdrl.explainers.logits", "xdrl.explainers.layer_calls"],
    ["xdrl.explainers.feature_maps", "xdrl.explainers.model_targets"],
    ["xdrl.explainers.keras_models"],
    ["xdrl.explainers.grad_cam", "xdrl.explainers.grad_cam_plus_plus", "xdrl.explainers.hires_cam"],
    ["xdrl.explainers.layer_cam", "xdrl.explainers.score_cam", "xdrl.explainers.eigen_cam"],
    ["xdrl.explainers.saliency", "xdrl.explainers.smooth_grad", "xdrl.explainers.integrated_gradients"],
    ["xdrl.explainers.occlusion", "xdrl.explainers.blur", "xdrl.explainers.sarfa"],
    ["xdrl.explainers"],
    # objects on the screen, and what would be done without them
    ["xdrl.objects", "xdrl.objects.kinds"],
    ["xdrl.objects.segmentation"],
    ["xdrl.objects.so_far", "xdrl.objects.effects"],
    [
        "xdrl.objects.gathering",
        "xdrl.objects.maps",
        "xdrl.objects.asked",
        "xdrl.objects.edits",
        "xdrl.objects.outcomes",
    ],
    ["xdrl.objects.replays"],
    ["xdrl.objects.absences"],
    # what they show of themselves
    ["xdrl.pictures.overlays", "xdrl.explanations.strengths"],
    ["xdrl.notebooks.cards"],
    ["xdrl.decisions", "xdrl.asking"],
    ["xdrl.agents"],
    ["xdrl.agent_finder", "xdrl.preparation", "xdrl.what_if"],
    ["xdrl.evaluation", "xdrl.training"],
    ["xdrl.explanations.measures"],
    ["xdrl.explanations.highlights"],
    # how fast it all is
    ["xdrl.benchmarks", "xdrl.benchmarks.records", "xdrl.benchmarks.timing", "xdrl.benchmarks.processes"],
    ["xdrl.benchmarks.process_trees"],
    ["xdrl.benchmarks.emulator", "xdrl.benchmarks.reference", "xdrl.benchmarks.load"],
    ["xdrl.benchmarks.learning", "xdrl.benchmarks.yardstick"],
    ["xdrl.benchmarks.measuring", "xdrl.benchmarks.scaling"],
    ["xdrl.benchmarks.explaining", "xdrl.benchmarks.forecasts"],
    # does a heatmap tell the truth
    ["xdrl.trust.summary", "xdrl.trust.known"],
    ["xdrl.trust", "xdrl.trust.intervals", "xdrl.trust.similarity", "xdrl.trust.pointing"],
    ["xdrl.trust.records"],
    ["xdrl.trust.cells", "xdrl.trust.frames", "xdrl.trust.episodes", "xdrl.trust.ram_detectors"],
    ["xdrl.trust.baselines", "xdrl.trust.deletion", "xdrl.trust.occlusion", "xdrl.trust.randomisation"],
    ["xdrl.trust.health", "xdrl.trust.specificity"],
    ["xdrl.trust.measuring", "xdrl.trust.claims", "xdrl.trust.league_records"],
    ["xdrl.trust.contest", "xdrl.trust.trial"],
    ["xdrl.trust.examination", "xdrl.trust.figure", "xdrl.trust.view", "xdrl.trust.league_claims"],
    ["xdrl.trust.league", "xdrl.trust.league_view", "xdrl.trust.league_figure"],
    # the game itself is changed
    ["xdrl.interventions", "xdrl.interventions.changes"],
    ["xdrl.interventions.emulators"],
    ["xdrl.interventions.experiment"],
    # pictures
    ["xdrl.pictures.frames"],
    ["xdrl.explanations.episodes"],
    ["xdrl.explanations.pictures"],
    ["xdrl.explanations.files"],
    # a game in the browser
    ["xdrl.report.maps", "xdrl.report.claims", "xdrl.report.guard"],
    ["xdrl.report.known", "xdrl.report.packing"],
    ["xdrl.report.contents"],
    ["xdrl.report.assembling", "xdrl.report.session"],
    ["xdrl.report.building", "xdrl.report.games"],
    ["xdrl.report.watch", "xdrl.report"],
    # what the package offers
    ["xdrl.notebooks.games"],
    ["xdrl"],
    ["xdrl.pictures.curves"],
    ["xdrl.pictures.curve_figure", "xdrl.pictures.architecture"],
    ["xdrl.explanations.paper_figures"],
    ["xdrl.table_one", "xdrl.cards"],
    ["xdrl.league_page"],
    ["xdrl.views.terminal", "xdrl.views.benchmark_view", "xdrl.views.recipes", "xdrl.views.tables"],
    ["xdrl.views.explaining_view", "xdrl.views.scaling_view", "xdrl.views.choosing", "xdrl.views.pace"],
    ["xdrl.views.training", "xdrl.views.interventions_view"],
    # serving, and the commands over all
    ["serving", "serving.errors", "serving.screens", "serving.prove"],
    ["serving.answers", "serving.transport"],
    ["serving.client"],
    ["serving.signatures"],
    ["serving.warm_up", "serving.showing"],
    ["serving.export", "xdrl.benchmarks.served"],
    ["xdrl.benchmarks.serving"],
    ["xdrl.views.serving_view"],
    ["xdrl.commands", "xdrl.commands.console", "xdrl.commands.options"],
    ["xdrl.commands.loading", "xdrl.commands.playing"],
    [
        "xdrl.commands.benchmark",
        "xdrl.commands.cards",
        "xdrl.commands.evaluate",
        "xdrl.commands.explain",
        "xdrl.commands.figures",
        "xdrl.commands.methods",
        "xdrl.commands.trust",
        "xdrl.commands.intervene",
        "xdrl.commands.watch",
        "xdrl.commands.export",
        "xdrl.commands.games",
        "xdrl.commands.import_agent",
        "xdrl.commands.plot",
        "xdrl.commands.query",
        "xdrl.commands.recipe",
        "xdrl.commands.table",
        "xdrl.commands.serve",
        "xdrl.commands.train",
    ],
    ["xdrl.commands.app"],
    ["xdrl.__main__"],
    ["cli"],
]
"""Rows from top to bottom; modules of one row know nothing of each other."""

SERVER = "serving.server"
"""The embedded server is a package of its own, in no row: it knows nothing of the others."""

CLIENT = ["serving.client", "serving.transport", "serving.answers", "serving.screens", "serving.errors"]
"""The client, which needs neither TensorFlow nor Keras."""

ASKING = ["rest", "grpc_api", "site", "front", "listener"]
"""Its parts by which one asks; what runs a model knows none of them."""

ALONE = [*CLIENT, "serving.prove"]
"""Modules that run where nothing else of the project does: they import none of it but each other."""

TENSORFLOW = [
    "xdrl.backends.tensorflow",
    "xdrl.imports.saved_model_files",
    "xdrl.storage.saved_variables",
    "xdrl.explainers",
    "xdrl.agents",
    "xdrl.benchmarks.yardstick",
    "xdrl.benchmarks.served",
    "serving",
    "xdrl.quiet",
]
"""Modules and packages that import TensorFlow themselves; all else goes through Keras or a backend."""

JAX = ["xdrl.backends.jax"]
"""The same for JAX."""

TRAINING = ["xdrl.training", "xdrl.preparation", "xdrl.machine"]
"""What a training run imports; under JAX it imports no TensorFlow, wherever in the project it leads."""

COMMANDS = "xdrl.commands"
"""The commands alone print; what went wrong, `cli` says."""


def wrong_arrows(root: Path) -> Iterator[str]:
    """Names every import that does not point up."""
    modules = reading.find_modules(root)
    rows = {module: number for number, row in enumerate(ORDER) for module in row}
    for module, path in modules.items():
        for imported in sorted(reading.find_imports(path, modules)):
            if not reading.is_within(imported, ["xdrl", "serving", "cli"]) or imported == module:
                continue
            if reading.is_within(module, [SERVER]):
                if not reading.is_within(imported, [SERVER]):
                    yield f"{module} imports {imported}"
            elif reading.is_within(imported, [SERVER]):
                if module != "xdrl.commands.serve":
                    yield f"{module} imports {imported}"
            elif module in ALONE and imported not in ALONE:
                yield f"{module} imports {imported}"
            elif module not in rows or imported not in rows or rows[imported] >= rows[module]:
                yield f"{module} imports {imported}"


def direct_imports(package: str) -> dict[str, set[str]]:
    """The modules that import a package themselves."""
    modules = reading.find_modules(ROOT)
    imports = {module: reading.find_imports(path, modules) for module, path in modules.items()}
    return {
        module: names for module, names in imports.items() if any(reading.is_within(name, [package]) for name in names)
    }


def test_every_module_has_its_place_in_the_order():
    placed = [module for row in ORDER for module in row]
    expected = {module for module in reading.find_modules(ROOT) if not reading.is_within(module, [SERVER])}
    assert sorted(placed) == sorted(expected)


def test_no_arrow_points_down():
    assert list(wrong_arrows(ROOT)) == []


@pytest.mark.parametrize(
    ("module", "line", "arrow"),
    [
        ("xdrl.losses", "from xdrl.training import train", "xdrl.losses imports xdrl.training"),
        ("xdrl.losses", "from xdrl import training", "xdrl.losses imports xdrl.training"),
        ("xdrl.losses", "import xdrl.training as training", "xdrl.losses imports xdrl.training"),
        ("xdrl.losses", "def f():\n    from xdrl.agents import Agent", "xdrl.losses imports xdrl.agents"),
        ("xdrl.rollouts", "from xdrl.returns import n_step_returns", "xdrl.rollouts imports xdrl.returns"),
        ("xdrl.agents", "from serving.export import export_agent", "xdrl.agents imports serving.export"),
        ("xdrl.storage.progress", "import cli", "xdrl.storage.progress imports cli"),
        ("serving.prove", "from xdrl.errors import UserError", "serving.prove imports xdrl.errors"),
        ("serving.client", "import xdrl", "serving.client imports xdrl"),
        (
            "serving.server.rest.routes",
            "from xdrl.errors import UserError",
            "serving.server.rest.routes imports xdrl.errors",
        ),
        ("serving.server.rest.routes", "import serving.client", "serving.server.rest.routes imports serving.client"),
        ("serving.export", "from serving.server import serve", "serving.export imports serving.server"),
        ("xdrl.newcomer", "from xdrl.errors import UserError", "xdrl.newcomer imports xdrl.errors"),
    ],
)
def test_an_arrow_that_points_down_is_found(tmp_path: Path, module: str, line: str, arrow: str):
    for name, text in {"xdrl.training": "", "xdrl.returns": "import keras", module: line}.items():
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert list(wrong_arrows(tmp_path)) == [arrow]


def test_an_arrow_that_points_up_is_none(tmp_path: Path):
    (tmp_path / "xdrl").mkdir()
    (tmp_path / "xdrl" / "losses.py").write_text("import json\nfrom xdrl.config import TrainingConfig\n")
    assert list(wrong_arrows(tmp_path)) == []


def documented_rows() -> dict[str, int]:
    """The row of `docs/architecture.md` that each module stands in: its own file's, else its folder's."""
    places: dict[str, int] = {}
    for number, line in enumerate((ROOT / "docs" / "architecture.md").read_text("utf-8").splitlines()):
        folder = Path()
        for name in re.findall(r"`([^`]+)`", line.split(" | ")[0]) if line.startswith("| `") else ():
            folder = Path(name).parent if "/" in name.rstrip("/") and name.startswith(("xdrl/", "serving/")) else folder
            path = Path(name) if name.startswith(("xdrl/", "serving/")) else folder / name
            places[".".join(path.with_suffix("").parts)] = number
    return places


def test_the_documented_order_is_the_one_that_is_kept():
    modules, places = reading.find_modules(ROOT), documented_rows()

    def row(module: str) -> int | None:
        known = [place for place in places if reading.is_within(module, [place])]
        return places[max(known, key=len)] if known else None

    arrows = [(module, name) for module, path in modules.items() for name in reading.find_imports(path, modules)]
    wrong = [(a, b) for a, b in arrows if b in modules and None not in (row(a), row(b)) and row(a) < row(b)]
    assert wrong == []
    unplaced = [module for module in modules if row(module) is None and "." in module]
    assert unplaced == []


def test_what_runs_a_model_knows_nothing_of_how_it_is_asked():
    modules = reading.find_modules(ROOT)
    running = [module for module in modules if reading.is_within(module, [f"{SERVER}.models"])]
    imported = {name for module in running for name in reading.find_imports(modules[module], modules)}
    assert f"{SERVER}.models.loading" in running
    assert [name for name in imported if reading.is_within(name, [f"{SERVER}.{part}" for part in ASKING])] == []


def test_the_protocols_know_nothing_of_each_other():
    modules = reading.find_modules(ROOT)
    for protocol, other in (("rest", "grpc_api"), ("grpc_api", "rest")):
        asking = [module for module in modules if reading.is_within(module, [f"{SERVER}.{protocol}"])]
        imported = {name for module in asking for name in reading.find_imports(modules[module], modules)}
        assert f"{SERVER}.backend" in imported
        assert [name for name in imported if reading.is_within(name, [f"{SERVER}.{other}"])] == []


def test_tensorflow_is_imported_only_where_it_is_the_subject():
    found = direct_imports("tensorflow")
    assert [module for module in found if not reading.is_within(module, TENSORFLOW)] == []
    assert "xdrl.backends.tensorflow.plain" in found


def test_matplotlib_draws_figures_and_nothing_else_waits_for_it():
    drawing = {"xdrl.pictures.curve_figure", "xdrl.pictures.architecture", "xdrl.trust.figure"}
    drawing.add("xdrl.trust.league_figure")
    assert (
        direct_imports("matplotlib").keys() - {"xdrl.pictures.figure_files"} == drawing
    )  # whose import is for types alone


def test_jax_is_imported_by_its_backend_alone():
    found = direct_imports("jax")
    assert [module for module in found if not reading.is_within(module, JAX)] == []
    assert "xdrl.backends.jax.gradients" in found


def test_training_imports_no_backend_until_one_is_chosen():
    found = reading.imported_with(ROOT, TRAINING)
    assert [name for name in found if reading.is_within(name, ["tensorflow", "jax"])] == []
    assert {"keras", "xdrl.backends", "xdrl.networks"} <= found
    assert "tensorflow" not in reading.imported_with(ROOT, [*TRAINING, "xdrl.backends.jax"])
    assert "tensorflow" in reading.imported_with(ROOT, [*TRAINING, "xdrl.backends.tensorflow"])


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("import jax", True),
        ("try:\n    from jax import numpy\nexcept ImportError:\n    pass", True),
        ("class C:\n    import jax", True),
        ("from xdrl import deeper", True),
        ("from xdrl.deeper import something", True),
        ("def f():\n    import jax", False),
        ("class C:\n    def f(self):\n        import xdrl.deeper", False),
        ("if TYPE_CHECKING:\n    import jax", False),
    ],
)
def test_what_is_imported_at_once_is_found(tmp_path: Path, line: str, is_found: bool):
    (tmp_path / "xdrl").mkdir()
    (tmp_path / "xdrl" / "first.py").write_text(line)
    (tmp_path / "xdrl" / "deeper.py").write_text("import jax")
    assert ("jax" in reading.imported_with(tmp_path, ["xdrl.first"])) == is_found


def test_the_client_needs_neither_tensorflow_nor_keras():
    assert not set(CLIENT) & (direct_imports("tensorflow") | direct_imports("keras")).keys()


def test_nobody_imports_a_private_module_of_a_library():
    modules = reading.find_modules(ROOT)
    names = {(module, name) for module, path in modules.items() for name in reading.find_imports(path, modules)}
    private = [(module, name) for module, name in names if any(part.startswith("_") for part in name.split(".")[1:])]
    assert [pair for pair in private if pair[1] != "__future__" and pair[1] not in modules] == []
    assert [pair for pair in names if pair[1].startswith(("keras.src", "tensorflow.python"))] == []


def test_only_the_commands_print():
    printing = {module: reading.printing_calls(path) for module, path in reading.find_modules(ROOT).items()}
    found = [module for module, lines in printing.items() if lines]
    assert [module for module in found if module != "cli" and not reading.is_within(module, [COMMANDS])] == []
    assert "xdrl.commands.train" in found


@pytest.mark.parametrize("text", ["print(1)", "console.print(1)", "if True:\n    typer.echo('a')"])
def test_a_call_that_prints_is_found(tmp_path: Path, text: str):
    (tmp_path / "file.py").write_text(text)
    assert reading.printing_calls(tmp_path / "file.py")
