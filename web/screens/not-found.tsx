import { t } from '../i18n/index.ts';
import { buttonClass } from '../parts/button.tsx';
import { Page } from '../parts/page.tsx';

export default function NotFound() {
  const { notFound, notFoundFix, toHome } = t().common;
  return (
    <Page title={notFound}>
      <p>{notFoundFix}</p>
      <p>
        <a class={buttonClass()} href="/">
          {toHome}
        </a>
      </p>
    </Page>
  );
}
