# WEBrick. `webrick.rb PORT`
require 'digest'
require 'webrick'
require 'zlib'

server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1', Port: ARGV[0].to_i, AccessLog: [], Logger: WEBrick::Log.new(File::NULL)
)
server.mount_proc('/') do |request, response|
  _, id, kind, number = request.path.split('/')
  upload = (request.body || '').b
  response['x-got'] = id
  response['x-got-length'] = upload.bytesize
  response['x-got-sha256'] = Digest::SHA256.hexdigest(upload)
  if kind == 'status'
    response.status = number.to_i
    next
  end
  content = kind == 'echo' ? upload : ("#{id}\n" * (number.to_i / (id.bytesize + 1) + 1)).byteslice(0, number.to_i)
  response['x-length'] = content.bytesize
  response['x-sha256'] = Digest::SHA256.hexdigest(content)
  if kind.start_with?('gzip')
    response['content-encoding'] = 'gzip'
    content = Zlib.gzip(content)
  end
  response.chunked = %w[chunked gzip-chunked].include?(kind)
  response.body = content
end
trap('TERM') { server.shutdown }
server.start
