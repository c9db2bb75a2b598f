<?php
// PHP's curl, with one handle for each group. `curl.php PLAN`
$plan = json_decode(file_get_contents($argv[1]), true);
foreach ($plan['groups'] as $group) {
    $handle = curl_init();
    foreach ($group['exchanges'] as $exchange) {
        curl_reset($handle);
        $got = null;
        curl_setopt_array($handle, [
            CURLOPT_URL => "http://{$plan['host']}:{$plan['port']}{$exchange['target']}",
            CURLOPT_CUSTOMREQUEST => $exchange['method'],
            CURLOPT_NOBODY => $exchange['method'] === 'HEAD',
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_ENCODING => '',
            CURLOPT_TIMEOUT => 20,
            CURLOPT_HTTPHEADER => [
                ...(empty($exchange['expect']) ? [] : ['Expect: 100-continue']),
                ...(isset($exchange['body']) ? ['Content-Type: application/octet-stream'] : []),
            ],
            CURLOPT_HEADERFUNCTION => function ($_, $line) use (&$got) {
                if (preg_match('/^x-got: *(\S+)/i', $line, $found)) $got = $found[1];
                return strlen($line);
            },
        ]);
        if (isset($exchange['body'])) {
            $data = file_get_contents($exchange['body']);
            if (empty($exchange['chunked'])) {
                curl_setopt($handle, CURLOPT_POSTFIELDS, $data);
            } else {
                curl_setopt($handle, CURLOPT_UPLOAD, true);
                curl_setopt($handle, CURLOPT_READFUNCTION, function ($_, $__, $size) use (&$data) {
                    $piece = substr($data, 0, $size);
                    $data = substr($data, strlen($piece));
                    return $piece;
                });
            }
        }
        if (isset($exchange['abort'])) {
            curl_setopt($handle, CURLOPT_WRITEFUNCTION, fn ($_, $piece) => 0);
        }
        $content = curl_exec($handle);
        if (isset($exchange['abort'])) {
            $record = ['aborted' => true];
        } elseif ($content === false) {
            $record = ['error' => curl_error($handle)];
        } else {
            $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
            $record = ['status' => $status, 'got' => $got, 'length' => strlen($content), 'sha256' => hash('sha256', $content)];
        }
        echo json_encode(['id' => $exchange['id'], ...$record]), "\n";
    }
    curl_close($handle);
}
