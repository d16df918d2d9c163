-- Optional, where the owner of wanna-build's database agrees: wakes dbpoll up
-- when something changed, so that it polls at once and not at the next interval
-- ([db] listen = "busbar"). It is a wake-up and never the data: what is told is
-- always read from the tables, and a lost notification costs one interval.
--
--   psql -d wanna-build -f wanna-build-notify.sql
--
-- What it costs the writers: one trigger call for each statement, not for each
-- row; one notification for each transaction, however many statements it has;
-- and PostgreSQL commits transactions with a notification one after the other.
-- Triggers fire for every role and need no right of theirs. A standby cannot
-- be listened to.
--
-- Its undo: wanna-build-notify-undo.sql.
\set ON_ERROR_STOP on
BEGIN;
CREATE SCHEMA IF NOT EXISTS busbar;

CREATE OR REPLACE FUNCTION busbar.wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_catalog.pg_notify('busbar', '');
	RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS busbar_wake ON public.packages;
CREATE TRIGGER busbar_wake AFTER INSERT OR UPDATE OR DELETE ON public.packages
	FOR EACH STATEMENT EXECUTE FUNCTION busbar.wake();
DROP TRIGGER IF EXISTS busbar_wake ON public.transactions;
CREATE TRIGGER busbar_wake AFTER INSERT ON public.transactions
	FOR EACH STATEMENT EXECUTE FUNCTION busbar.wake();
DROP TRIGGER IF EXISTS busbar_wake ON public.pkg_history;
CREATE TRIGGER busbar_wake AFTER INSERT ON public.pkg_history
	FOR EACH STATEMENT EXECUTE FUNCTION busbar.wake();
COMMIT;
