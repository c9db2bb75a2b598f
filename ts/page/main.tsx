/** The page: in a document with data of its own it shows those, else it asks its server. */

import { render } from 'preact';
import { App } from './app';
import { fromFile, fromServer } from './source';
import { Store } from './store';

const store = new Store();
const data = document.getElementById('capture');
const source = data === null ? fromServer(store) : fromFile(data.textContent ?? '', store);
const root = document.getElementById('page');
if (root !== null) render(<App store={store} source={source} />, root);
