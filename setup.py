"""Compiles the texts when the package is built; everything else about it stands in pyproject.toml."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import Command, setup
from setuptools.command.build import build

LOCALES = Path("notifier/domain/locales")


class build_texts(Command):
    """Writes a .mo for each .po: into the wheel, or beside it where the package is edited in place."""

    def initialize_options(self) -> None:
        self.build_lib = None
        self.editable_mode = False

    def finalize_options(self) -> None:
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        for written, made in self._pairs():
            with open(written, "rb") as file:
                catalogue = read_po(file, abort_invalid=True)
            made.parent.mkdir(parents=True, exist_ok=True)
            with open(made, "wb") as file:
                write_mo(file, catalogue)

    def _pairs(self) -> list[tuple[Path, Path]]:
        into = Path() if self.editable_mode else Path(self.build_lib)
        return [(written, (into / written).with_suffix(".mo")) for written in sorted(LOCALES.rglob("*.po"))]

    def get_source_files(self) -> list[str]:
        return [str(written) for written, _ in self._pairs()]

    def get_outputs(self) -> list[str]:
        return [str(made) for _, made in self._pairs()]

    def get_output_mapping(self) -> dict[str, str]:
        return {}


build.sub_commands.append(("build_texts", None))
setup(cmdclass={"build_texts": build_texts})
