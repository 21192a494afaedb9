\set ON_ERROR_STOP on
\connect application

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenant-sage') THEN
    CREATE ROLE "tenant-sage";
  END IF;
END $$;
ALTER ROLE "tenant-sage" NOLOGIN;
-- Signs in by IAM and never by a password.
GRANT rds_iam TO "tenant-sage";
CREATE SCHEMA IF NOT EXISTS "tenant-sage";
REVOKE ALL ON SCHEMA "tenant-sage" FROM PUBLIC;
GRANT CONNECT ON DATABASE application TO "tenant-sage";
ALTER ROLE "tenant-sage" SET search_path = "tenant-sage";
\set schema 'tenant-sage'
GRANT USAGE ON SCHEMA :"schema" TO "tenant-sage";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO "tenant-sage";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA :"schema" TO "tenant-sage";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "tenant-sage";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE, SELECT ON SEQUENCES TO "tenant-sage";
