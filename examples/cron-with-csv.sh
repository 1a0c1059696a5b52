#!/bin/sh
# A newsletter from a spreadsheet, once a week. In a crontab:
#   0 9 * * MON  sh /opt/tidings/examples/cron-with-csv.sh /srv/people.csv
# The audience of the week is noted beside the file: when cron, or a person, runs it again in the same week, the call
# attaches to the same send, and nobody gets it twice.
set -eu
csv="$1"
tidings="${TIDINGS:-npm run --silent --prefix $(dirname "$0")/.. tidings --}"
week=$(date +%G-W%V)
noted="$csv.$week"

if [ ! -s "$noted" ]; then
  $tidings leads import "$csv"
  $tidings audience create --name "Week $week" --json | sed -n 's/.*"audience_id": *"\([^"]*\)".*/\1/p' > "$noted"
fi
$tidings send --audience "$(cat "$noted")" --channel email --campaign "news-$week" \
  --subject "This week" --message "Hi {{lead.first_name | default: \"there\"}}!"
