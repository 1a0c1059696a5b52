#!/bin/sh
# The same over HTTP, with nothing but curl: sh examples/curl.sh http://127.0.0.1:3000
# With TIDINGS_API_KEY set at the server, add: -H "Authorization: Bearer $TIDINGS_API_KEY"
set -eu
api="${1:-http://127.0.0.1:3000}/api"
post() { curl --silent --show-error --fail-with-body -H 'content-type: application/json' "$api/$1" --data "$2"; }

post leads/import '{ "leads": [{ "name": "Ana", "email": "ana@example.com" }, { "name": "Ben", "email": "ben@example.com" }] }'
echo
audience=$(post audiences '{ "name": "Everyone" }' | sed 's/.*"audience_id":"\([^"]*\)".*/\1/')
post sends "{ \"audience_id\": \"$audience\", \"channel\": \"email\", \"subject\": \"Hello\", \"message\": \"Hi {{lead.name}}!\" }"
echo
