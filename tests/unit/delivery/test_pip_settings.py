from fairway.delivery.pip_settings import pip_settings


def test_sources_are_merged_the_environment_last_and_nothing_else_is_taken(tmp_path):
    index, wheels = tmp_path / "index" / "simple", tmp_path / "wheels"
    index.mkdir(parents=True)
    wheels.mkdir()
    config = tmp_path / "pip.conf"
    config.write_text(
        f"[global]\nindex-url = https://one.invalid/simple\nextra-index-url = file://{index}\nconstraint = /c.txt\n"
    )
    environ = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path),
        "PIP_CONFIG_FILE": str(config),
        "PIP_INDEX_URL": "https://two.invalid/simple",
        "PIP_FIND_LINKS": f"{wheels} /not/there",
        "PIP_NO_CACHE_DIR": "1",
    }
    settings = pip_settings(environ)
    assert "index-url = https://two.invalid/simple\n" in settings.text
    assert "one.invalid" not in settings.text
    assert "constraint" not in settings.text
    assert "no-cache-dir" not in settings.text
    # The folder above the index, for the files that its pages link to.
    assert {index.parent, wheels} <= set(settings.paths)
