import { useState } from 'preact/hooks';
import { about } from '../../api/about.ts';
import { t } from '../../i18n/index.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { Page } from '../../parts/page.tsx';
import { navigate } from '../../router.ts';
import { DEMO_LEADS, watchDemo } from './watch-demo.ts';

/** What can be done first; nothing of it has to be. */
export default function Welcome() {
  const [isBusy, setBusy] = useState(false);
  const words = t().welcome;
  const { modes } = about.value;
  const isLive = modes !== null && Object.values(modes).includes('live');
  const assistant = `claude mcp add --transport http tidings ${location.origin}/mcp`;
  const watch = async () => {
    setBusy(true);
    try {
      navigate(`/sends/${await watchDemo()}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page title={words.title}>
      {!isLive && <p class="sentence">{words.lead}</p>}
      <div class="cards">
        <section class="card">
          <h2>{words.watch}</h2>
          <p>{words.watchText(DEMO_LEADS)}</p>
          <Button kind="first" disabled={isBusy} onClick={watch}>
            {isBusy ? t().common.loading : words.watchStart}
          </Button>
        </section>
        <section class="card">
          <h2>{words.import}</h2>
          <p>{words.importText}</p>
          <a class={buttonClass()} href="/leads/import">
            {t().leads.import}
          </a>
        </section>
        <section class="card">
          <h2>{words.connect}</h2>
          <p>{words.connectText}</p>
          <a class={buttonClass()} href="/channels">
            {words.connectAction}
          </a>
        </section>
        <section class="card">
          <h2>{words.assistant}</h2>
          <p>{words.assistantText}</p>
          <pre>
            <code>{assistant}</code>
          </pre>
          <CopyButton text={assistant} />
        </section>
      </div>
    </Page>
  );
}
