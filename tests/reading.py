"""What the project's files import and call, read without running them."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def find_modules(root: Path) -> dict[str, Path]:
    paths = [*root.glob("xdrl/**/*.py"), *root.glob("serving/**/*.py"), *root.glob("cli.py")]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def find_imports(
    path: Path, modules: dict[str, Path], walk: Callable[[ast.AST], Iterable[ast.AST]] = ast.walk
) -> set[str]:
    """Every module that a file imports, wherever in the file, as precisely as the project's own modules are known."""
    found = set()
    for node in walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            assert node.level == 0, f"{path}: a relative import"
            longer = {f"{base}.{alias.name}" for alias in node.names}
            found |= (longer & modules.keys()) or {base}
    return found


def walk_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when its file is imported: nothing in functions, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not is_for_types and not isinstance(child, ast.FunctionDef):
            yield child
            yield from walk_at_import(child)


def imported_with(root: Path, names: Iterable[str]) -> set[str]:
    """Everything that importing some modules imports, through all modules of the project."""
    modules, found, waiting = find_modules(root), set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += find_imports(modules[name], modules, walk_at_import) if name in modules else []
    return found


def is_within(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def printing_calls(path: Path) -> list[int]:
    """The lines on which a file prints."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [(node.lineno, getattr(node.func, "id", getattr(node.func, "attr", ""))) for node in calls]
    return [line for line, name in names if name in ("print", "pprint", "echo")]
