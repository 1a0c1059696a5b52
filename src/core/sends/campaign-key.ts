/** Two spellings of a campaign are one campaign: neither case nor width nor space tells them apart. */
export function campaignKey(campaign: string): string {
  return campaign.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}
