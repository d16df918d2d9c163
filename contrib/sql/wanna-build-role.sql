-- A read-only role for dbpoll in wanna-build's database, as psql runs it for a
-- superuser or the owner of the tables:
--
--   psql -v level=views -d wanna-build -f wanna-build-role.sql
--
-- level says what the role may read, and so what dbpoll can know (see
-- docs/guarantees.md, "What each level of access guarantees"):
--
--   views   the public views of each architecture, without their log
--   log     these, with their log
--   base    the tables packages, transactions and pkg_history themselves
--
-- Run it again after a new architecture was added, or with another level: what
-- the level does not include is taken away, as far as it was given to this role.
-- (wanna-build's own schema grants the log's views to PUBLIC: there, every role
-- has at least the level log.) Its undo, in every database where it ran:
--
--   DROP OWNED BY busbar; DROP ROLE busbar;
--
-- The password, if one is needed, is set with \password busbar, and read by
-- dbpoll from a password file (docs/howto/wanna-build.md).
\set ON_ERROR_STOP on
\if :{?level}
\else
	\set level views
\endif

BEGIN;
SELECT set_config('busbar.level', :'level', true) \g /dev/null

DO $$
DECLARE
	level constant text := current_setting('busbar.level');
	s name;
	t name;
BEGIN
	IF level NOT IN ('views', 'log', 'base') THEN
		RAISE EXCEPTION 'level is %, and must be views, log or base', level;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'busbar') THEN
		CREATE ROLE busbar LOGIN;
	END IF;
	-- Whatever goes wrong on our side, it writes nothing and holds up nobody:
	-- two connections, and limits that dbpoll itself sets lower.
	ALTER ROLE busbar NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 3;
	ALTER ROLE busbar SET default_transaction_read_only = on;
	ALTER ROLE busbar SET statement_timeout = '5min';
	ALTER ROLE busbar SET lock_timeout = '10s';
	ALTER ROLE busbar SET idle_in_transaction_session_timeout = '1min';

	FOR s IN SELECT nspname FROM pg_namespace WHERE nspname LIKE '%\_public' LOOP
		EXECUTE format('GRANT USAGE ON SCHEMA %I TO busbar', s);
		FOREACH t IN ARRAY ARRAY['packages', 'pkg_history', 'transactions'] LOOP
			IF to_regclass(format('%I.%I', s, t)) IS NULL THEN
				CONTINUE;
			ELSIF t = 'transactions' AND level = 'views' THEN
				EXECUTE format('REVOKE SELECT ON %I.%I FROM busbar', s, t);
			ELSE
				EXECUTE format('GRANT SELECT ON %I.%I TO busbar', s, t);
			END IF;
		END LOOP;
	END LOOP;
	FOREACH t IN ARRAY ARRAY['packages', 'pkg_history', 'transactions'] LOOP
		EXECUTE format(CASE level WHEN 'base' THEN 'GRANT SELECT ON public.%I TO busbar'
			ELSE 'REVOKE SELECT ON public.%I FROM busbar' END, t);
	END LOOP;
END
$$;
COMMIT;
