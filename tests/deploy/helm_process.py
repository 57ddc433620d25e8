"""Lints a chart and renders it with several values, by Helm's own code (`helm-python-sdk`).

A process of its own, so that Go's runtime stays out of the tests'. Reads `{"chart": …, "cases": {name:
values}}` from standard input, writes `{"lint": …, "rendered": {name: {template: text}}, "refused": {name:
message}}`.
"""

import json
import sys

import helm_python


def main() -> None:
    asked = json.load(sys.stdin)
    rendered, refused, lint = {}, {}, {}
    with helm_python.Chart.load(asked["chart"]) as chart:
        for name, values in asked["cases"].items():
            try:
                chart.validate_schema(values)
                rendered[name] = chart.render(values=values, name="demo", namespace="speech")
                lint[name] = helm_python.lint(asked["chart"], values, strict=True)["messages"]
            except helm_python.HelmError as error:
                refused[name] = str(error)
    json.dump({"lint": lint, "rendered": rendered, "refused": refused}, sys.stdout)


if __name__ == "__main__":
    main()
