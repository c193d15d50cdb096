"""Messages of errors: one line, of bounded length, whatever a file holds."""

import pytest

from spectra import errors


def test_long_names_are_shortened():
    name = "layers." + "x" * 1_000_000 + ".weight"
    message = str(errors.ModelFormatError(f"m.onnx: tensor {name!r} has no shape"))
    assert message.startswith("m.onnx: tensor 'layers.xxx")
    assert message.endswith("xxx.weight' has no shape")
    assert "..." in message
    assert len(message) < 500


def test_many_words_are_shortened():
    message = str(errors.ModelFormatError("start " + "many words " * 100_000 + "end"))
    assert message.startswith("start many")
    assert message.endswith("words end")
    assert len(message) < 2100


def test_control_characters_do_not_make_it_longer():
    assert len(str(errors.ModelFormatError("\x1b" * 100_000))) < 500


@pytest.mark.parametrize("length", [0, 1, 399, 400])
def test_names_of_a_usual_length_are_whole(length):
    text = f"{'p' * length} is 3x3 float32; {'q' * length}"
    assert str(errors.ModelFormatError(text)) == text.strip()


def test_the_whole_text_is_kept_for_a_program():
    assert errors.ModelFormatError("x" * 9999).args == ("x" * 9999,)
