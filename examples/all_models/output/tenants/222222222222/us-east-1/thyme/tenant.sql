\set ON_ERROR_STOP on
\connect application

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenant-thyme') THEN
    CREATE ROLE "tenant-thyme";
  END IF;
END $$;
ALTER ROLE "tenant-thyme" LOGIN;
-- Signs in by IAM and never by a password.
GRANT rds_iam TO "tenant-thyme";
CREATE SCHEMA IF NOT EXISTS "tenant-thyme";
REVOKE ALL ON SCHEMA "tenant-thyme" FROM PUBLIC;
GRANT CONNECT ON DATABASE application TO "tenant-thyme";
ALTER ROLE "tenant-thyme" SET search_path = "tenant-thyme";
\set schema 'tenant-thyme'
GRANT USAGE ON SCHEMA :"schema" TO "tenant-thyme";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO "tenant-thyme";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA :"schema" TO "tenant-thyme";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "tenant-thyme";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE, SELECT ON SEQUENCES TO "tenant-thyme";
