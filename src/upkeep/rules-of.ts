import type { Config } from '../config.ts';
import type { Dialect } from '../ledger/ledger.ts';
import type { Rules } from '../operations/settings.ts';

/** What of the environment everybody who calls may know: nothing of it is a secret. */
export function rulesOf(config: Config, dialect: Dialect): Rules {
  return {
    read_only: config.isReadOnly,
    confirm: config.confirm,
    confirm_above: config.confirmAbove,
    max_per_contact: config.maxPerContact?.text ?? null,
    default_country: config.defaultCountry,
    site_name: config.siteName,
    postal_address: config.identity.postalAddress,
    email_footer: config.identity.hasFooter,
    public_url: config.publicUrl,
    retain_messages_days: config.retainMessagesDays,
    events_keep_days: config.eventsKeepDays,
    audit_keep_days: config.auditKeepDays,
    database: dialect,
  };
}
