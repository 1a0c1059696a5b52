const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

// Whoever is signed in at the dashboard is known here, too; everybody else signs in there first.
const answer = await fetch('/api/openapi.json');
if (answer.ok) {
  window.SwaggerUIBundle({
    spec: await answer.json(),
    dom_id: '#api',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: -1,
    // A page for reading: what sends or changes is not tried out here.
    supportedSubmitMethods: ['get'],
    validatorUrl: null,
  });
} else if (answer.status === 401) {
  const link = Object.assign(document.createElement('a'), { href: '/', textContent: 'Sign in' });
  document.querySelector('#api').append(link, ' first, then open this page again.');
} else {
  document.querySelector('#api').append(`/api/openapi.json answers ${answer.status}.`);
}
