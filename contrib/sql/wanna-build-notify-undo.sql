-- Takes away all that wanna-build-notify.sql made. dbpoll goes on with its
-- interval.
--
--   psql -d wanna-build -f wanna-build-notify-undo.sql
\set ON_ERROR_STOP on
BEGIN;
DROP TRIGGER IF EXISTS busbar_wake ON public.packages;
DROP TRIGGER IF EXISTS busbar_wake ON public.transactions;
DROP TRIGGER IF EXISTS busbar_wake ON public.pkg_history;
DROP FUNCTION IF EXISTS busbar.wake();
DROP SCHEMA IF EXISTS busbar;
COMMIT;
