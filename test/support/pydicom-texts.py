"""Prints, as JSON, every text of public elements that pydicom reads from the files named: {file: [[path of tags, values], ...]}."""
import json
import sys

import pydicom

TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}


def texts(dataset, path=""):
    for element in dataset:
        if element.tag.is_private:
            continue
        here = f"{path}/{element.tag:08X}"
        if element.VR == "SQ":
            for n, item in enumerate(element.value):
                yield from texts(item, f"{here}[{n}]")
        elif element.VR in TEXT and not element.is_empty:
            values = element.value if element.VM > 1 else [element.value]
            yield [here, [str(value).rstrip(" \0") for value in values]]


found = {}
for name in sys.argv[1:]:
    dataset = pydicom.dcmread(name, force=True)
    dataset.decode()
    found[name] = list(texts(dataset))
json.dump(found, sys.stdout)
