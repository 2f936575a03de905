import { describe, expect, test } from 'vitest'
import { allowedTargets, kindOfAddress, targetProblem, urlProblem } from '../../src/webhooks/index.ts'

const none = allowedTargets([])

describe('an address', () => {
  test.each([
    [
      'of this machine',
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '::1',
      '::',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
    ],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdab::1', 'fec0::1'],
    ['private', '::ffff:10.0.0.1', '64:ff9b::a00:1', '64:ff9b::192.168.0.1'],
    ['link-local', '169.254.1.1', 'fe80::1', '::ffff:169.254.1.1'],
    [
      'of a metadata service',
      '169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      'fd00:ec2::254',
      '100.100.100.200',
      '168.63.129.16',
    ],
    ['shared by a carrier', '100.64.0.1', '100.127.255.255'],
    ['a multicast address', '224.0.0.1', '239.255.255.255', 'ff02::1'],
    ['reserved', '192.0.0.1', '192.0.2.1', '198.18.0.1', '203.0.113.9', '240.0.0.1', '255.255.255.255'],
    ['reserved', '2001:db8::1', '2001::1', '2002:a00:1::', '64:ff9b:1::1', '::7f00:1', '100::1', '5f00::1'],
    ['reserved', 'fe80::1%eth0', 'hooks.example.com', '', '1.2.3', '0x7f000001'],
  ])('that is %s is none of the public internet', (kind, ...addresses) => {
    expect(Object.fromEntries(addresses.map((each) => [each, kindOfAddress(each)]))).toEqual(
      Object.fromEntries(addresses.map((each) => [each, kind])),
    )
  })

  test('of the public internet is none of them', () => {
    for (const address of [
      '93.184.216.34',
      '172.15.0.1',
      '172.32.0.1',
      '100.63.0.1',
      '2606:4700::1',
      '64:ff9b::5db8:d822',
      '::ffff:93.184.216.34',
    ])
      expect(kindOfAddress(address), address).toBeUndefined()
  })
})

describe('a URL', () => {
  test.each([
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::]/',
    'http://localhost:9000/',
    'http://api.localhost./',
    'https://169.254.169.254/latest',
    'http://①②⑦.0.0.1/',
    'http://10.0.0.1./',
    'http://%31%30.0.0.1/',
  ])('%s is refused without asking DNS, in whatever notation', (url) => {
    expect(urlProblem(url, none)).toMatchObject({ code: 'private_receiver' })
  })

  test.each([
    'hooks',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:canary@example.com/',
    'http://',
    'gopher://10.0.0.1/',
  ])('%s is none for a webhook, and is not repeated', (url) => {
    const problem = urlProblem(url, none)
    expect(problem).toMatchObject({ code: 'bad_webhook_url' })
    expect(JSON.stringify(problem)).not.toMatch(/canary|passwd/)
  })

  test('of the public internet is let pass', () => {
    expect(urlProblem('https://hooks.example.com/batch?x=1', none)).toBeUndefined()
    expect(urlProblem('https://93.184.216.34:8443/', none)).toBeUndefined()
  })
})

describe('what the operator allows', () => {
  const passes = (entries: string[], url: string) => urlProblem(url, allowedTargets(entries)) === undefined

  test.each([
    ['127.0.0.1:9000', 'http://127.0.0.1:9000/', 'http://127.0.0.1:9001/'],
    ['127.0.0.1', 'http://127.0.0.1:9001/', 'http://127.0.0.2/'],
    ['10.1.0.0/16', 'https://10.1.2.3/', 'https://10.2.2.3/'],
    ['10.1.0.0/16:8443', 'https://10.1.2.3:8443/', 'https://10.1.2.3/'],
    ['localhost:80', 'http://LOCALHOST/', 'https://localhost/'],
    ['127.0.0.1:9000', 'http://localhost:9000/', 'http://localhost/'],
    ['[::1]:9000', 'http://[::1]:9000/', 'http://[::1]/'],
    ['::1', 'http://[0:0::1]/', 'http://[::2]/'],
    ['fd00::/8', 'http://[fd12::1]/', 'http://[fc12::1]/'],
  ])('%s lets pass %s and not %s', (entry, yes, no) => {
    expect([passes([entry], yes), passes([entry], no)]).toEqual([true, false])
  })

  test.each([
    '',
    'http://127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:99999',
    '10.0.0.0/33',
    'a b',
    '300.1.1.1',
    'h/8',
    '[hooks]',
    7,
  ])('is told where it is none: %s', (entry) => {
    expect(targetProblem(entry)).toMatch(/is no receiver; expected a host/)
  })
})
