import { testPlugin } from '@simgan/testing';
import crosses from './index.ts';

testPlugin(crosses());
