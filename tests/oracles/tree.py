"""Reads an output tree: its manifest, deployment files and templates. What they mean is left to the oracles."""
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stack:
    """One entry of the manifest with its deployment file."""

    name: str
    account: str
    region: str
    template: Path
    tenant: str | None
    capabilities: list
    parameters: dict
    tags: dict

    @property
    def place(self):
        return f"{self.account}/{self.region}/{self.name}"

    def says_the_same(self, other):
        """Whether CloudFormation would find nothing to update."""
        same = self.parameters == other.parameters and self.tags == other.tags
        return same and self.template.read_bytes() == other.template.read_bytes()


def stacks(output):
    """Every stack, in the manifest's order of deployment."""
    output = Path(output)
    found = []
    for entry in read(output / "manifest.json")["stacks"]:
        deployment = read(output / entry["deployment"])
        if deployment["template-file-path"] != entry["template"]:
            sys.exit(f"{entry['name']}: the manifest and the deployment file name different templates")
        found.append(
            Stack(
                name=entry["name"],
                account=account_number(entry["account"]),
                region=entry["region"],
                template=output / entry["template"],
                tenant=entry["tenant"],
                capabilities=entry["capabilities"],
                parameters=deployment.get("parameters", {}),
                tags=deployment.get("tags", {}),
            )
        )
    return found


def templates(output):
    """Every template of the tree and the regions the manifest uses it in: a template in no stack has none."""
    regions = {path: set() for path in sorted(Path(output).glob("templates/**/*.json"))}
    for stack in stacks(output):
        if stack.template not in regions:
            sys.exit(f"{stack.name}: {stack.template} does not exist")
        regions[stack.template].add(stack.region)
    if not regions:
        sys.exit(f"{output}: no template under templates/")
    return {path: sorted(used) for path, used in regions.items()}


def account_number(account):
    """The account itself, or a made-up number, the same for one name, where AWS has not given it one yet."""
    if len(account) == 12 and account.isdigit():
        return account
    return str(10**11 + int(hashlib.sha256(account.encode()).hexdigest(), 16) % (9 * 10**11))


def read(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def judge(title, findings, looked_at):
    """Prints what an oracle found and ends the process: status 1 where there is anything to say."""
    for finding in findings:
        print(finding)
    print(f"{title}: {looked_at}, {len(findings)} findings")
    sys.exit(1 if findings else 0)
