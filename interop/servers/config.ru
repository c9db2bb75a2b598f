# The answers as a Rack application, for Puma.
require 'digest'
require 'stringio'
require 'zlib'

PIECE_BYTES = 4000

app = lambda do |env|
  _, id, kind, number = env['PATH_INFO'].split('/')
  upload = env['rack.input'].read.b
  headers = { 'x-got' => id, 'x-got-length' => upload.bytesize.to_s, 'x-got-sha256' => Digest::SHA256.hexdigest(upload) }
  next [number.to_i, headers, []] if kind == 'status'

  content = kind == 'echo' ? upload : ("#{id}\n" * (number.to_i / (id.bytesize + 1) + 1)).byteslice(0, number.to_i)
  headers.update('x-length' => content.bytesize.to_s, 'x-sha256' => Digest::SHA256.hexdigest(content))
  if kind.start_with?('gzip')
    headers['content-encoding'] = 'gzip'
    content = Zlib.gzip(content)
  end
  headers['content-length'] = content.bytesize.to_s unless %w[chunked gzip-chunked].include?(kind)
  pieces = (0...content.bytesize).step(PIECE_BYTES).map { |at| content.byteslice(at, PIECE_BYTES) }
  [200, headers, env['REQUEST_METHOD'] == 'HEAD' ? [] : pieces]
end

run app
