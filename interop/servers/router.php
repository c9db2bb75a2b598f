<?php
// PHP's own server. `php -S 127.0.0.1:PORT router.php`
[, $id, $kind, $number] = explode('/', $_SERVER['REQUEST_URI']);
$upload = file_get_contents('php://input');
header("x-got: $id");
header('x-got-length: ' . strlen($upload));
header('x-got-sha256: ' . hash('sha256', $upload));
if ($kind === 'status') {
    http_response_code((int) $number);
    return;
}
$content = $kind === 'echo' ? $upload : substr(str_repeat("$id\n", intdiv((int) $number, strlen($id) + 1) + 1), 0, (int) $number);
header('x-length: ' . strlen($content));
header('x-sha256: ' . hash('sha256', $content));
if (str_starts_with($kind, 'gzip')) {
    header('content-encoding: gzip');
    $content = gzencode($content);
}
if ($kind !== 'close') {
    header('content-length: ' . strlen($content));
}
echo $content;
