/** What whoever writes a message has to know, for a model that has not seen the documentation. */
export const MESSAGE_GUIDE = `# Writing a message

    Hola {{lead.first_name | default: "amigo"}}, tu plan es {{lead.metadata.plan | titlecase}}.
    {{#if lead.company}}Saludos a {{lead.company}}.{{else}}Saludos.{{/if}}

## Fields

{{lead.name}} {{lead.first_name}} {{lead.last_name}} {{lead.email}} {{lead.phone}} {{lead.position}} {{lead.company}}
{{lead.notes}} {{lead.metadata.KEY}} {{site.name}}, and in emails {{unsubscribe_url}}

leads fields lists what can be used, with how many leads have each. Case does not count. A lead that has no value: the
field becomes nothing (placeholder_policy "strip_tokens"), or the lead is skipped ("skip_recipient"). Filters stand in a
row: default: "there" · titlecase, capitalize, upcase, downcase · date: "long", "es" · number: 2, "en" · truncate: 20 ·
url_encode. There are no loops.

## What is refused, before anybody gets it

A field that no lead can have, a key of metadata that nobody of the audience has, the merge tag of another tool, broken
syntax. The answer names it, and the nearest right name.

## Channels

Email needs a subject. A message with an HTML element in it is HTML, and gets a text part made from it; else it is plain
text, and keeps its line breaks. WhatsApp takes text of up to 4,096 characters; from is ignored there.

## Before it leaves

dry_run: true is the same call, and sends nothing: how many would get it, who is skipped and why, up to three messages as
they would arrive, and confirm, a token that sends exactly that. sends test sends it to contacts of your own. The same
audience, channel and campaign is one send: calling again goes on with it, and reaches nobody twice.
`;
