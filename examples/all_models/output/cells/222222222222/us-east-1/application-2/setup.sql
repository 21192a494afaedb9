\set ON_ERROR_STOP on
\connect application

-- Nobody comes in who was not let in by name.
REVOKE ALL ON DATABASE application, postgres FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
