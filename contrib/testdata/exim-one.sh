# Exim as exim.sh has it, with one file of configuration.
SPLIT=false
. contrib/testdata/exim.sh
