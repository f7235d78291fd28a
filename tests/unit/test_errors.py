import importlib
import inspect
import pkgutil

from fairway import errors
from fairway.errors import FairwayError


def tree(base, module, depth=1):
    """The lines of the docstring for what a module derives from `base`, in the order of its source."""
    own = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__]
    for error in own:
        if error.__bases__ == (base,):
            yield "    " * depth + error.__name__
            yield from tree(error, module, depth + 1)


def test_the_docstring_draws_the_tree_module_by_module():
    modules = {
        m.name: importlib.import_module(f"fairway.errors.{m.name}") for m in pkgutil.iter_modules(errors.__path__)
    }
    del modules["base"]
    drawn = {
        name: "\n".join([f"{name}: {module.__doc__}", *tree(FairwayError, module)]) for name, module in modules.items()
    }
    paragraphs = errors.__doc__.strip().split("\n\n")[2:]
    assert sorted(paragraphs) == sorted(drawn.values())


def test_each_error_is_imported_from_the_package_and_ends_a_command():
    pending, found = [FairwayError], set()
    while pending:
        error = pending.pop()
        found.add(error)
        pending += error.__subclasses__()
    assert all(
        getattr(errors, error.__name__) is error for error in found if error.__module__.startswith("fairway.errors")
    )
    assert all(error.exit_code for error in found)
