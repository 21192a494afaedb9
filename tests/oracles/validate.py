#!/usr/bin/env python3
"""validate.py OUTPUT: AWS's own offline validator over every template, in each region that the manifest uses it in.

Fails on what it reports as WARN or worse.
"""
import sys
from pathlib import Path

import cloudformation_validate as validator

from tree import judge, templates

COUNTS = {"WARN", "ERROR", "FATAL"}
# By rule and words of the message: why what it says is no fault.
MUTED = {("W9002", "'StandardsArn'"): "a standard is AWS's own, and no resource or parameter stands for it"}


def main():
    output = Path(sys.argv[1])
    engine = validator.CompositeEngine(validator.CompositeEngineConfig(guard_rules=[]))
    findings, judged = set(), templates(output)
    for template, regions in judged.items():
        for region in regions:
            configuration = validator.ValidateConfig(
                pseudo_parameter_overrides=validator.PseudoParameterOverrides(region=region)
            )
            for diagnostic in engine.validate_template(str(template), configuration).diagnostics:
                muted = any(
                    diagnostic.rule_id == rule and words in diagnostic.message for rule, words in MUTED
                )
                if diagnostic.severity.name in COUNTS and not muted:
                    resource = getattr(getattr(diagnostic, "entity", None), "logical_id", None) or "-"
                    place = f"{template.relative_to(output)}: {resource}"
                    findings.add(f"{place}: {diagnostic.severity.name} {diagnostic.rule_id} {diagnostic.message}")
    judge("cloudformation-validate", sorted(findings), f"{len(judged)} templates")


if __name__ == "__main__":
    main()
