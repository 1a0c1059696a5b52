import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { Button } from './button.tsx';

interface MailFrameProps {
  readonly html: string;
  readonly title: string;
  readonly isNarrow?: boolean;
}

/**
 * An HTML mail in a page of its own, of no origin and with its own policy (`/preview-frame`): nothing in it runs, and its
 * pictures are fetched from where they lie only when somebody asks for them, since whoever keeps them hears of it.
 */
export function MailFrame({ html, title, isNarrow }: MailFrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [hasPictures, setPictures] = useState(false);
  const [held, setHeld] = useState(0);
  const mail = useRef(html);
  mail.current = html;
  const show = () => frame.current?.contentWindow?.postMessage({ mail: mail.current }, '*');
  useEffect(() => {
    const hear = ({ source, data }: MessageEvent<{ ready?: true; held?: number }>) => {
      if (source !== frame.current?.contentWindow) return;
      if (data?.ready) show();
      if (typeof data?.held === 'number') setHeld(data.held);
    };
    addEventListener('message', hear);
    return () => removeEventListener('message', hear);
  }, []);
  useEffect(show, [html]);
  return (
    <div class="group">
      {held > 0 && !hasPictures && (
        <p class="filters">
          <span class="quiet">{t().draft.picturesHeld(held)}</span>
          <Button small onClick={() => setPictures(true)}>
            {t().draft.showPictures}
          </Button>
        </p>
      )}
      <iframe
        ref={frame}
        key={hasPictures ? 'pictures' : 'plain'}
        class={isNarrow ? 'mail-frame is-narrow' : 'mail-frame'}
        title={title}
        sandbox="allow-scripts"
        referrerpolicy="no-referrer"
        onLoad={show}
        src={hasPictures ? '/preview-frame?pictures' : '/preview-frame'}
      />
    </div>
  );
}
