"""topics - SNS of the recorded cases: the one that pawld itself plays."""

import fakeaws_services
import formapi
import pawltest


class Sns(fakeaws_services.Service):
    def __init__(self, world, url):
        super().__init__(world)
        self.client = formapi.FormClient(url, "2010-03-31")

    def perform(self, action, params):
        try:
            return self.client(action, **params)
        except pawltest.ApiError as error:
            raise fakeaws_services.Fault(error.code, error.message, error.status) from error
