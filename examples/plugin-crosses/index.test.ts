import { testPlugin } from '@simgan/core/testing';
import crosses from './index.ts';

testPlugin(crosses());
