\set ON_ERROR_STOP on
\connect application

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenant-basil') THEN
    CREATE ROLE "tenant-basil";
  END IF;
END $$;
ALTER ROLE "tenant-basil" LOGIN;
-- Signs in by IAM and never by a password.
GRANT rds_iam TO "tenant-basil";
CREATE SCHEMA IF NOT EXISTS "tenant-basil";
REVOKE ALL ON SCHEMA "tenant-basil" FROM PUBLIC;
GRANT CONNECT ON DATABASE application TO "tenant-basil";
ALTER ROLE "tenant-basil" SET search_path = "tenant-basil";
\set schema 'tenant-basil'
GRANT USAGE ON SCHEMA :"schema" TO "tenant-basil";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO "tenant-basil";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA :"schema" TO "tenant-basil";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "tenant-basil";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE, SELECT ON SEQUENCES TO "tenant-basil";
