from fairway.delivery.mirror import find_mirror, write_cli_config


def test_a_mirror_is_found_by_its_layout(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "plugins/registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    assert find_mirror({}, [tmp_path / "empty", tmp_path / "absent", tmp_path / "plugins"]) == tmp_path / "plugins"


def test_without_a_mirror_terraform_downloads(tmp_path):
    assert find_mirror({}, [tmp_path]) is None


def test_a_mirror_can_be_named(tmp_path):
    assert find_mirror({"TF_PLUGIN_MIRROR": "/somewhere"}, [tmp_path]) is not None


def test_the_configuration_takes_from_the_mirror_only_what_it_has(tmp_path):
    (tmp_path / "registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    text = write_cli_config(tmp_path / "made/terraform.rc", tmp_path).read_text()
    assert f'path    = "{tmp_path}"' in text
    assert text.count('["registry.terraform.io/hashicorp/aws"]') == 2
