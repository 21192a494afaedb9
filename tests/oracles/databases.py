#!/usr/bin/env python3
"""databases.py OUTPUT: runs the scripts for tenants' databases in PostgreSQL, and tries one tenant against another.

PostgreSQL is not among the environments: where its programs are not on the path, this says so and judges nothing.
Stock PostgreSQL knows no `rds_iam`, so a role of that name stands in, and nobody needs a password.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import judge

# Who runs the server where this runs as root, which PostgreSQL refuses.
ACCOUNT = "postgres"
STAND_IN = """
CREATE ROLE administrator LOGIN CREATEDB CREATEROLE;
CREATE ROLE rds_iam;
GRANT rds_iam TO administrator WITH ADMIN OPTION;
ALTER DATABASE postgres OWNER TO administrator;
CREATE DATABASE application OWNER administrator;
\\connect application
ALTER SCHEMA public OWNER TO administrator;
"""
OWN_TABLE = {
    "shared_tables": "CREATE TABLE application.invoices (tenant_id text, amount int);"
    "SELECT tenancy.protect('application.invoices');",
    "schema_each": 'CREATE TABLE "tenant-{0}".invoices (amount int);',
    "database_each": "CREATE TABLE application.invoices (amount int);",
}


def main():
    output = Path(sys.argv[1])
    programs = postgres()
    cells = sorted(output.glob("cells/*/*/*/setup.sql"))
    if not cells or programs is None:
        judge("databases", [], "no cell has scripts" if not cells else "PostgreSQL is not here: nothing was tried")
        return
    findings, tried = [], 0
    for setup in cells:
        with Server(programs) as server:
            for what, good in tries(server, setup, output):
                tried += 1
                findings += [] if good else [f"{setup.parent.relative_to(output)}: {what}"]
    judge("databases", findings, f"{len(cells)} cells, {tried} tries")


def postgres():
    """The directory of PostgreSQL's programs."""
    server = shutil.which("postgres")
    return Path(server).resolve().parent if server and shutil.which("psql") else None


class Server:
    def __init__(self, programs):
        self.programs = programs
        self.as_other = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []

    def __enter__(self):
        self.directory = tempfile.mkdtemp()
        if self.as_other:
            shutil.chown(self.directory, ACCOUNT)
        self.call("initdb", "-D", f"{self.directory}/data", "-U", "root", "-A", "trust")
        options = f"-k {self.directory} -c listen_addresses="
        self.call("pg_ctl", "-D", f"{self.directory}/data", "-o", options, "-l", f"{self.directory}/log", "-w", "start")
        return self

    def __exit__(self, *_):
        self.call("pg_ctl", "-D", f"{self.directory}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def call(self, program, *arguments):
        command = [*self.as_other, self.programs / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def run(self, user, database, text):
        """Whether it went well, and what came back."""
        command = [self.programs / "psql", "-X", "-q", "-A", "-t", "-h", self.directory, "-U", user, "-d", database]
        done = subprocess.run(command + ["-v", "ON_ERROR_STOP=1"], input=text, text=True, capture_output=True, cwd="/")
        return done.returncode == 0, done.stdout.strip()


def variant(script):
    if "tenancy.tenant_id()" in script:
        return "shared_tables"
    return None


def tries(server, setup, output):
    """(what must be, whether it is), with two made-up tenants in the place of the first one's script."""
    text = setup.read_text(encoding="utf-8")
    home = setup.parent.relative_to(output / "cells")
    scripts = sorted((output / "tenants" / home.parent).glob("*/tenant.sql"))
    first = next(path for path in scripts if in_cell(path, setup, output))
    kind = variant(text) or ("database_each" if "CREATE DATABASE" in first.read_text() else "schema_each")
    script = {
        who: first.read_text(encoding="utf-8").replace(f"tenant-{first.parent.name}", f"tenant-{who}").replace(
            " NOLOGIN;", " LOGIN;"
        )
        for who in ("acme", "globex")
    }
    yield "the stand-in for RDS is set up", server.run("root", "postgres", STAND_IN)[0]
    for time in ("once", "again"):
        yield f"setup.sql runs {time}", server.run("administrator", "postgres", text)[0]
        for who, one in script.items():
            yield f"the script of {who} runs {time}", server.run("administrator", "postgres", one)[0]
    database = {who: f"tenant-{who}" if kind == "database_each" else "application" for who in script}
    for who in script if kind != "shared_tables" else ["acme"]:
        yield "tables are made", server.run("administrator", database[who], OWN_TABLE[kind].format(who))[0]
    for who, amount in (("acme", 1), ("globex", 2)):
        user = f"tenant-{who}"
        yield f"{who} writes", server.run(user, database[who], f"INSERT INTO invoices (amount) VALUES ({amount});")[0]
        good, rows = server.run(user, database[who], "SELECT amount FROM invoices;")
        yield f"{who} sees its own row alone", good and rows == str(amount)
    for text in refused(kind):
        yield f"acme may not: {text}", not server.run("tenant-acme", database["acme"], text)[0]
    for other in {"postgres", "application", database["globex"]} - {database["acme"]}:
        yield f"acme does not come into {other}", not server.run("tenant-acme", other, "SELECT 1;")[0]
    leaving = script["acme"].replace(" LOGIN;", " NOLOGIN;")
    yield "a suspension runs", server.run("administrator", "postgres", leaving)[0]
    yield "who is suspended stays outside", not server.run("tenant-acme", database["acme"], "SELECT 1;")[0]


def in_cell(script, setup, output):
    records = setup.parent.glob("tenants/*.json")
    return any(f'"{script.parent.name}"' in record.read_text(encoding="utf-8") for record in records)


def refused(kind):
    yield 'SET ROLE "tenant-globex";'
    yield 'SET SESSION AUTHORIZATION "tenant-globex";'
    yield "CREATE SCHEMA own;"
    yield "CREATE TABLE public.own (x int);"
    if kind == "shared_tables":
        yield "INSERT INTO invoices VALUES ('globex', 3);"
        yield "UPDATE invoices SET tenant_id = 'globex';"
        yield "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY;"
        yield "DROP POLICY own_rows ON invoices;"
        yield "CREATE OR REPLACE FUNCTION tenancy.tenant_id() RETURNS text LANGUAGE sql RETURN 'globex';"
        yield "TRUNCATE invoices;"
    if kind == "schema_each":
        yield 'SELECT * FROM "tenant-globex".invoices;'


if __name__ == "__main__":
    main()
